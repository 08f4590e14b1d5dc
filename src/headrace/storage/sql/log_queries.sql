-- name: logs_to_index
-- Logs of all organisations after a place, with what their terms are made of.
SELECT account, place, file_number, version_number, {Log} FROM kept_logs WHERE place > :after
ORDER BY place LIMIT :take;

-- name: scope_of_version
-- The numbers of a version and its file.
SELECT number, file_number FROM usage WHERE account = :account AND version_id = :version_id;

-- name: scope_of_file
-- The number of a live file.
SELECT u.file_number FROM usage u JOIN entries e ON e.account = u.account AND e.id = u.file_id
WHERE u.account = :account AND u.file_id = :file_id AND e.deleted_at IS NULL LIMIT 1;

-- name: add_scope
-- A number for a version, and one for its file unless it has one.
INSERT INTO usage (number, account, file_id, version_id, file_number)
SELECT n.free, :account, :file_id, :version_id, coalesce((
  SELECT file_number FROM usage WHERE account = :account AND file_id = :file_id LIMIT 1), n.free)
FROM (SELECT coalesce(max(number), 0) + 1 AS free FROM usage) n
RETURNING number, file_number;

-- name: count_log
-- A version was used for one log more.
UPDATE usage SET logs_count = logs_count + 1, traced_count = traced_count + :is_in_trace,
  last_used_at = max(coalesce(last_used_at, :at), :at)
WHERE number = :version_number;

-- name: note_use
-- A version was used without a log.
UPDATE usage SET last_used_at = max(coalesce(last_used_at, :at), :at) WHERE number = :version_number;

-- name: recount_log
-- A log of a version went, or moved into a trace or out of one.
UPDATE usage SET logs_count = logs_count + :change, traced_count = traced_count + :traced_change
WHERE number = :version_number;

-- name: usage_of_versions
-- Of each version that was used.
SELECT u.version_id, u.logs_count, u.last_used_at
FROM json_each(:version_ids) c CROSS JOIN usage u ON u.account = :account AND u.version_id = c.value
WHERE u.last_used_at IS NOT NULL;

-- name: usage_of_file
-- Over all its versions: logs, those in traces, the last use.
SELECT coalesce(sum(logs_count), 0), coalesce(sum(traced_count), 0), max(last_used_at) FROM usage
WHERE account = :account AND file_id = :file_id;

-- name: counts_of_version
-- A version's logs, and those in traces.
SELECT logs_count, traced_count FROM usage WHERE number = :version_number;

-- name: last_place
-- The last place that is taken between two.
SELECT max(place) FROM logs WHERE place >= :first AND place < :end;

-- name: add_log
-- A new log without its payload.
INSERT INTO logs (place, account, id, kind, file_id, version_id, file_number, version_number, lot, number,
  created_by, created_at, status, start_time, end_time, provider_latency_s, trace_parent_id, trace_id, trace_flow_id,
  is_in_trace, judged_id, judged_version_id, marked_completed, is_automatic, user, environment, source,
  source_datapoint_id, run_id, is_saved, prompt_tokens, reasoning_tokens, output_tokens, prompt_cost, output_cost,
  finish_reason, execution_id, request_hash, has_error, is_counted, judgment)
VALUES (:place, :account, :id, :kind, :file_id, :version_id, :file_number, :version_number, :lot, :number,
  :created_by, :created_at, :status, :start_time, :end_time, :provider_latency_s, :trace_parent_id, :trace_id,
  :trace_flow_id, :is_in_trace, :judged_id, :judged_version_id, :marked_completed, :is_automatic, :user,
  :environment, :source, :source_datapoint_id, :run_id, :is_saved, :prompt_tokens, :reasoning_tokens,
  :output_tokens, :prompt_cost, :output_cost, :finish_reason, :execution_id, :request_hash, :has_error,
  :is_counted, :judgment);

-- name: add_payload
-- The payload of a new log.
INSERT INTO payloads (place, account, payload) VALUES (:place, :account, :payload);

-- name: update_log
-- Everything of a log that may change, but its payload.
UPDATE logs SET number = :number, status = :status, start_time = :start_time, end_time = :end_time,
  provider_latency_s = :provider_latency_s, trace_parent_id = :trace_parent_id, trace_id = :trace_id,
  trace_flow_id = :trace_flow_id, is_in_trace = :is_in_trace, marked_completed = :marked_completed, user = :user,
  environment = :environment, source = :source, source_datapoint_id = :source_datapoint_id, run_id = :run_id,
  is_saved = :is_saved, prompt_tokens = :prompt_tokens, reasoning_tokens = :reasoning_tokens,
  output_tokens = :output_tokens, prompt_cost = :prompt_cost, output_cost = :output_cost,
  finish_reason = :finish_reason, execution_id = :execution_id, request_hash = :request_hash,
  has_error = :has_error, is_counted = :is_counted, judgment = :judgment
WHERE place = :place;

-- name: update_payload
-- A log's payload.
UPDATE payloads SET payload = :payload WHERE place = :place;

-- name: remove_log
-- Forget a log with its payload.
DELETE FROM logs WHERE place = :place;

-- name: log_by_id
-- A log of a live file.
SELECT {Log} FROM live_logs WHERE account = :account AND id = :id;

-- name: logs_by_id
-- Logs of live files.
SELECT {l.Log} FROM json_each(:ids) c CROSS JOIN live_logs l ON l.account = :account AND l.id = c.value;

-- name: kept_log
-- A log of any file, with its place and numbers.
SELECT place, file_number, version_number, {Log} FROM kept_logs WHERE account = :account AND id = :id;

-- name: place_of_log
-- Where a log of a file stands in the lists.
SELECT place FROM logs WHERE account = :account AND id = :id AND file_id = :file_id;

-- name: logs_at
-- The logs at these places, in that order.
SELECT {l.Log} FROM json_each(:places) c CROSS JOIN kept_logs l ON l.place = c.value;

-- part: in_range
-- Those between two places, in traces or not.
l.place BETWEEN :first AND :last AND (:in_trace IS NULL OR is_in_trace = :in_trace)

-- name: count_in_file
-- How many logs a page of a file is cut from.
SELECT count(*) FROM logs l INDEXED BY logs_of_file WHERE file_number = :file_number AND {in_range};

-- name: count_in_version
-- How many logs a page of a version is cut from.
SELECT count(*) FROM logs l INDEXED BY logs_of_version WHERE version_number = :version_number AND {in_range};

-- name: newest_in_file
-- A page of a file's logs.
SELECT l.place FROM logs l INDEXED BY logs_of_file WHERE file_number = :file_number AND {in_range}
ORDER BY place DESC LIMIT :take OFFSET :skip;

-- name: newest_in_version
-- A page of a version's logs.
SELECT l.place FROM logs l INDEXED BY logs_of_version WHERE version_number = :version_number AND {in_range}
ORDER BY place DESC LIMIT :take OFFSET :skip;

-- name: oldest_in_file
-- The same from the other end.
SELECT l.place FROM logs l INDEXED BY logs_of_file WHERE file_number = :file_number AND {in_range}
ORDER BY place LIMIT :take OFFSET :skip;

-- name: oldest_in_version
-- The same from the other end.
SELECT l.place FROM logs l INDEXED BY logs_of_version WHERE version_number = :version_number AND {in_range}
ORDER BY place LIMIT :take OFFSET :skip;

-- part: of_version
-- Those of a version, where one is named.
(:version_number IS NULL OR version_number = :version_number)

-- name: drawn_from_file
-- The logs of a file, or a version, that have the lowest lots.
SELECT l.place FROM logs l INDEXED BY logs_lots WHERE file_number = :file_number AND {in_range} AND {of_version}
ORDER BY lot, place LIMIT :take;

-- name: drawn_from_places
-- Those of the logs at these places.
SELECT l.place FROM json_each(:places) c CROSS JOIN logs l ON l.place = c.value
ORDER BY l.lot, l.place LIMIT :take;

-- part: by_start
-- The order in which the parts of a trace are shown.
ORDER BY coalesce(l.start_time, l.created_at), l.place

-- part: is_wanted
-- Whether a log has what is asked for, as a number.
CASE WHEN (:environment IS NULL OR l.environment = :environment) AND (:source IS NULL OR l.source = :source)
  AND (:user IS NULL OR l.user = :user) AND (:trace_id IS NULL OR l.trace_id = :trace_id)
  AND (:wanted_file_id IS NULL OR l.file_id = :wanted_file_id)
  AND (:wanted_version_id IS NULL OR l.version_id = :wanted_version_id)
  AND (:has_error IS NULL OR l.has_error = :has_error)
  AND (:is_root IS NULL OR (l.trace_parent_id IS NULL AND l.judged_id IS NULL))
  AND EXISTS (SELECT 1 FROM entries e WHERE e.account = l.account AND e.id = l.file_id AND e.deleted_at IS NULL)
  THEN 1 ELSE 0 END

-- part: newest_looked_at
-- From one place on to another.
AND l.place BETWEEN :first AND :last ORDER BY l.place DESC LIMIT :take

-- name: look_in_file
-- The newest logs of a file, each with whether it is wanted.
SELECT l.place, {is_wanted} FROM logs l INDEXED BY logs_of_file
WHERE l.account = :account AND l.file_number = :file_number {newest_looked_at};

-- name: look_in_version
-- The same of a version.
SELECT l.place, {is_wanted} FROM logs l INDEXED BY logs_of_version
WHERE l.account = :account AND l.version_number = :version_number {newest_looked_at};

-- name: look_in_trace
-- The same of a trace.
SELECT l.place, {is_wanted} FROM logs l INDEXED BY logs_of_trace
WHERE l.account = :account AND l.trace_id = :trace_id {newest_looked_at};

-- name: look_everywhere
-- The same of all files.
SELECT l.place, {is_wanted} FROM logs l INDEXED BY logs_of_account
WHERE l.account = :account {newest_looked_at};

-- name: look_at_places
-- The same of the logs at these places.
SELECT l.place, {is_wanted} FROM json_each(:places) c CROSS JOIN logs l ON l.place = c.value
WHERE l.account = :account;

-- name: verdicts_at
-- What an evaluator found of the logs at these places.
SELECT l.place, j.judgment, j.has_error FROM json_each(:places) c CROSS JOIN logs l ON l.place = c.value
CROSS JOIN logs j ON j.account = l.account AND j.judged_id = l.id
WHERE l.account = :account AND j.file_id = :evaluator_id;

-- name: numbers_of_files
-- The files that are there and have logs; with :is_root without those that are nodes of others.
SELECT DISTINCT u.file_number FROM usage u JOIN entries e ON e.account = u.account AND e.id = u.file_id
WHERE u.account = :account AND u.logs_count > 0 AND e.deleted_at IS NULL
  AND (:is_root IS NULL OR e.owner_id IS NULL);

-- name: place_of_mark
-- Where a log stands in the lists.
SELECT place FROM logs WHERE account = :account AND id = :id;

-- name: mark_at
-- What a place is told as.
SELECT created_at, id FROM logs WHERE place = :place;

-- name: logs_of_parents
-- The logs right below any of these.
SELECT {l.Log} FROM json_each(:parent_ids) c
CROSS JOIN live_logs l ON l.account = :account AND l.trace_parent_id = c.value {by_start};

-- name: logs_of_trace
-- All logs of a trace.
SELECT {l.Log} FROM live_logs l WHERE l.account = :account AND l.trace_id = :trace_id {by_start};

-- name: logs_of_execution
-- The logs that tell of a run.
SELECT {l.Log} FROM live_logs l WHERE l.account = :account AND l.execution_id = :execution_id {by_start};

-- name: judgments_of_logs
-- The evaluators' logs that judge any of these.
SELECT {l.Log} FROM json_each(:judged_ids) c
CROSS JOIN live_logs l ON l.account = :account AND l.judged_id = c.value ORDER BY l.place;

-- name: judgment
-- What one version of an evaluator found of a log.
SELECT {Log} FROM live_logs
WHERE account = :account AND judged_id = :judged_id AND version_id = :version_id AND is_automatic = :is_automatic;

-- name: traced_ids
-- The logs of a file, live or gone, that are in traces.
SELECT id FROM logs INDEXED BY logs_ids
WHERE file_number = (SELECT file_number FROM usage WHERE account = :account AND file_id = :file_id LIMIT 1)
  AND place > :place AND is_in_trace = 1
ORDER BY place LIMIT :take;

-- name: logs_in_traces_of
-- Logs of other, live files in the traces of a flow, version by version.
SELECT {l.Log} FROM usage u
CROSS JOIN live_logs l
  ON l.trace_flow_id = :flow_id AND l.trace_flow_id <> l.file_id AND l.version_number = u.number
WHERE u.account = :account AND l.account = :account LIMIT :take;

-- name: used_in_traces
-- What each log of these traces used.
SELECT l.trace_id, l.prompt_tokens, l.reasoning_tokens, l.output_tokens, l.prompt_cost, l.output_cost
FROM json_each(:trace_ids) c
CROSS JOIN logs l ON l.account = :account AND l.trace_id = c.value
CROSS JOIN entries e ON e.account = l.account AND e.id = l.file_id
WHERE e.deleted_at IS NULL;

-- name: total
-- What one version of an evaluator found of the logs of a version.
SELECT {Total} FROM totals
WHERE account = :account AND version_id = :version_id AND evaluator_version_id = :evaluator_version_id;

-- name: put_total
-- The same, in place of what it was.
INSERT INTO totals (account, {Total}) VALUES (:account, {:Total})
ON CONFLICT (account, version_id, evaluator_version_id) DO UPDATE SET evaluator_id = excluded.evaluator_id,
  judgments = excluded.judgments, numerator = excluded.numerator, denominator = excluded.denominator;

-- part: counted
-- The judgments that a total is made of.
FROM logs INDEXED BY logs_counted
WHERE account = t.account AND judged_version_id = t.version_id AND version_id = t.evaluator_version_id
AND is_counted = 1

-- name: totals_of_versions
-- The totals of versions by live evaluators, and when the first and the last judgment were made.
SELECT (SELECT created_at {counted} ORDER BY place LIMIT 1), (SELECT created_at {counted} ORDER BY place DESC LIMIT 1),
  {t.Total}
FROM json_each(:version_ids) c
CROSS JOIN totals t ON t.account = :account AND t.version_id = c.value
CROSS JOIN entries e ON e.account = t.account AND e.id = t.evaluator_id
WHERE t.judgments > 0 AND e.deleted_at IS NULL;

-- name: monitors_of_file
-- The evaluators attached to a file, in that order.
SELECT {Monitor} FROM monitors WHERE account = :account AND file_id = :file_id ORDER BY place;

-- name: monitors_of_evaluator
-- Where an evaluator is attached, in that order.
SELECT {Monitor} FROM monitors WHERE account = :account AND evaluator_id = :evaluator_id ORDER BY place;

-- name: update_monitor
-- Everything of a monitor that may change.
UPDATE monitors SET evaluator_id = :evaluator_id, version_id = :version_id, environment_id = :environment_id,
  is_active = :is_active, updated_at = :updated_at
WHERE account = :account AND id = :id;

-- name: add_monitor
-- A new monitor.
INSERT INTO monitors (account, {Monitor}) VALUES (:account, {:Monitor});

-- name: put_job
-- Ask for work, or once more for what waits already.
INSERT INTO jobs ({Job}) VALUES ({:Job})
ON CONFLICT (account, work, subject, object) DO UPDATE SET turn = jobs.turn + 1, attempts = 0,
  due_at = min(jobs.due_at, excluded.due_at);

-- name: jobs_of_subject
-- What waits to be done with one thing.
SELECT {Job} FROM jobs WHERE account = :account AND subject = :subject ORDER BY work, object;

-- name: due_job
-- Whether work of a kind is due and free.
SELECT 1 FROM jobs WHERE work = :work AND max(due_at, coalesce(leased_until, due_at)) <= :now LIMIT 1;

-- name: take_jobs
-- Lease what is due and free of a kind, of all organisations, the longest so first.
UPDATE jobs SET leased_until = :until, holder = :holder WHERE (account, work, subject, object) IN (
  SELECT account, work, subject, object FROM jobs
  WHERE work = :work AND max(due_at, coalesce(leased_until, due_at)) <= :now
  ORDER BY max(due_at, coalesce(leased_until, due_at)), account, subject, object LIMIT :most)
RETURNING {Job};

-- name: finish_job
-- Forget work that was done, unless it was asked for again meanwhile.
DELETE FROM jobs
WHERE account = :account AND work = :work AND subject = :subject AND object = :object AND turn = :turn;

-- name: free_job
-- Let work wait for its next turn.
UPDATE jobs SET leased_until = NULL, holder = NULL
WHERE account = :account AND work = :work AND subject = :subject AND object = :object;

-- name: put_off_job
-- Let work wait after an attempt that failed.
UPDATE jobs SET leased_until = NULL, holder = NULL, attempts = attempts + 1, due_at = :due_at
WHERE account = :account AND work = :work AND subject = :subject AND object = :object;

-- name: hasten_jobs
-- Let work be due that waits for a late moment, and that nobody else is at.
UPDATE jobs SET leased_until = NULL, holder = NULL, due_at = :now
WHERE work = :work AND max(due_at, coalesce(leased_until, due_at)) > :beyond
  AND (leased_until IS NULL OR holder IS NOT DISTINCT FROM :holder);

-- name: release_jobs
-- A process is gone, and at nothing.
UPDATE jobs SET leased_until = NULL, holder = NULL
WHERE leased_until IS NOT NULL AND holder IS NOT DISTINCT FROM :holder;

-- name: count_of_jobs
-- How much waits, of all organisations.
SELECT count(*) FROM jobs;

-- name: count_of_jobs_by_work
-- The same by kind of work.
SELECT work, count(*) FROM jobs GROUP BY work;
