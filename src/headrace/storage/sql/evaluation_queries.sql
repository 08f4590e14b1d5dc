-- name: evaluation
-- Of a live file.
SELECT {v.Evaluation} FROM evaluations v JOIN entries e ON e.account = v.account AND e.id = v.file_id
WHERE v.account = :account AND v.id = :id AND e.deleted_at IS NULL;

-- name: evaluation_by_name
-- Of a live file.
SELECT {v.Evaluation} FROM evaluations v JOIN entries e ON e.account = v.account AND e.id = v.file_id
WHERE v.account = :account AND v.file_id = :file_id AND v.name = :name AND e.deleted_at IS NULL;

-- name: add_evaluation
-- A new evaluation.
INSERT INTO evaluations (account, {Evaluation}) VALUES (:account, {:Evaluation});

-- name: update_evaluation
-- What of an evaluation may change.
UPDATE evaluations SET name = :name, updated_at = :updated_at WHERE account = :account AND id = :id;

-- name: remove_evaluation
-- Forget an evaluation with its seats and its links.
DELETE FROM evaluations WHERE account = :account AND id = :id;

-- name: page_of_evaluations
-- Those of a live file, newest first.
SELECT {v.Evaluation} FROM evaluations v
WHERE v.account = :account AND v.file_id = :file_id AND EXISTS (
  SELECT 1 FROM entries e WHERE e.account = :account AND e.id = :file_id AND e.deleted_at IS NULL)
ORDER BY v.created_at DESC, v.id DESC LIMIT :take OFFSET :skip;

-- name: count_of_evaluations
-- How many a live file has.
SELECT count(*) FROM evaluations v
WHERE v.account = :account AND v.file_id = :file_id AND EXISTS (
  SELECT 1 FROM entries e WHERE e.account = :account AND e.id = :file_id AND e.deleted_at IS NULL);

-- name: evaluations_with_run
-- Those of live files that have a run.
SELECT {v.Evaluation} FROM run_links k
JOIN evaluations v ON v.account = k.account AND v.id = k.evaluation_id
JOIN entries e ON e.account = v.account AND e.id = v.file_id
WHERE k.account = :account AND k.run_id = :run_id AND e.deleted_at IS NULL;

-- name: evaluations_with_evaluator
-- Those of live files in which an evaluator judges; once for each of its versions.
SELECT {v.Evaluation} FROM seats s
JOIN evaluations v ON v.account = s.account AND v.id = s.evaluation_id
JOIN entries e ON e.account = v.account AND e.id = v.file_id
WHERE s.account = :account AND s.evaluator_id = :evaluator_id AND e.deleted_at IS NULL;

-- name: seats_of_evaluation
-- In the order in which they were added.
SELECT {Seat} FROM seats WHERE account = :account AND evaluation_id = :evaluation_id ORDER BY place;

-- name: put_seat
-- A version that judges, after all others; a known one stays where it is.
INSERT INTO seats (account, {Seat}, place) VALUES (:account, {:Seat}, (
  SELECT coalesce(max(s.place), 0) + 1 FROM seats s
  WHERE s.account = :account AND s.evaluation_id = :evaluation_id))
ON CONFLICT (account, evaluation_id, version_id) DO UPDATE SET evaluator_id = excluded.evaluator_id,
  is_orchestrated = excluded.is_orchestrated, added_at = excluded.added_at;

-- name: remove_seat
-- A version does not judge any more.
DELETE FROM seats WHERE account = :account AND evaluation_id = :evaluation_id AND version_id = :version_id;

-- name: links_of_evaluation
-- The last one that was added comes first.
SELECT {RunLink} FROM run_links WHERE account = :account AND evaluation_id = :evaluation_id ORDER BY place DESC;

-- name: put_run_link
-- A run of an evaluation, after all others; a known one stays where it is.
INSERT INTO run_links (account, {RunLink}, place) VALUES (:account, {:RunLink}, (
  SELECT coalesce(max(k.place), 0) + 1 FROM run_links k
  WHERE k.account = :account AND k.evaluation_id = :evaluation_id))
ON CONFLICT (account, evaluation_id, run_id) DO UPDATE SET is_control = excluded.is_control,
  added_at = excluded.added_at;

-- name: free_control
-- No run of an evaluation is the one that others are compared with.
UPDATE run_links SET is_control = 0
WHERE account = :account AND evaluation_id = :evaluation_id AND is_control = 1;

-- name: remove_run_link
-- A run is no part of an evaluation any more.
DELETE FROM run_links WHERE account = :account AND evaluation_id = :evaluation_id AND run_id = :run_id;

-- name: counts_of_runs
-- How many runs each of these evaluations has.
SELECT c.value, (
  SELECT count(*) FROM run_links k WHERE k.account = :account AND k.evaluation_id = c.value
) FROM json_each(:evaluation_ids) c;

-- name: runs_by_id
-- Those of these that are there.
SELECT {r.Run} FROM json_each(:ids) c CROSS JOIN runs r ON r.account = :account AND r.id = c.value;

-- name: add_run
-- A new run.
INSERT INTO runs (account, {Run}) VALUES (:account, {:Run});

-- name: update_run
-- How far a run is.
UPDATE runs SET status = :status WHERE account = :account AND id = :id;

-- part: open_runs
-- The runs of a version that are open and not orchestrated.
r.account = :account AND r.version_id = :version_id AND r.is_orchestrated = 0
  AND r.status IN ('pending', 'running')

-- name: open_runs_of_version
-- Oldest first.
SELECT {r.Run} FROM runs r WHERE {open_runs} ORDER BY r.created_at, r.id;

-- name: add_slots
-- Slots of a new run: ten digits of a place, 1 when done, a fingerprint or blanks, a datapoint, a blank, a log.
INSERT INTO slots (account, run_id, place, is_done, fingerprint, datapoint_id, log_id, is_expected)
SELECT :account, :run_id, CAST(substr(c.value, 1, 10) AS INTEGER), CAST(substr(c.value, 11, 1) AS INTEGER),
  nullif(trim(substr(c.value, 12, 32)), ''),
  nullif(substr(c.value, 44, instr(substr(c.value, 44), ' ') - 1), ''),
  nullif(substr(c.value, 44 + instr(substr(c.value, 44), ' ')), ''),
  CASE WHEN CAST(substr(c.value, 1, 10) AS INTEGER) < :size THEN 1 ELSE 0 END
FROM json_each(:rows) c;

-- name: put_slot
-- A slot, or another in its place.
INSERT INTO slots (account, {Slot}, is_expected) VALUES (:account, {:Slot}, coalesce((
  SELECT CASE WHEN :place < r.size THEN 1 ELSE 0 END FROM runs r WHERE r.account = :account AND r.id = :run_id), 0))
ON CONFLICT (account, run_id, place) DO UPDATE SET datapoint_id = excluded.datapoint_id,
  fingerprint = excluded.fingerprint, log_id = excluded.log_id, is_done = excluded.is_done;

-- name: slots_of_run
-- By place, from just after one on.
SELECT {Slot} FROM slots WHERE account = :account AND run_id = :run_id AND place > :after ORDER BY place LIMIT :take;

-- name: counts_of_filled
-- How many slots of each of these runs have a log.
SELECT c.value, (
  SELECT count(*) FROM slots s INDEXED BY slots_filled
  WHERE s.account = :account AND s.run_id = c.value AND s.log_id IS NOT NULL
) FROM json_each(:run_ids) c;

-- name: filled_slots
-- Those of a run that have a log, by place.
SELECT {Slot} FROM slots INDEXED BY slots_filled
WHERE account = :account AND run_id = :run_id AND log_id IS NOT NULL
ORDER BY place LIMIT :take OFFSET :skip;

-- name: slot_of_datapoint
-- The slot of a datapoint in a run.
SELECT {Slot} FROM slots WHERE account = :account AND run_id = :run_id AND datapoint_id = :datapoint_id;

-- name: last_slot
-- The last place of a run.
SELECT place FROM slots WHERE account = :account AND run_id = :run_id ORDER BY place DESC LIMIT 1;

-- name: slots_of_logs
-- The slots of all runs that have these logs.
SELECT {s.Slot} FROM json_each(:ids) c CROSS JOIN slots s INDEXED BY slots_log
  ON s.account = :account AND s.log_id = c.value AND s.log_id IS NOT NULL;

-- name: slots_wanting
-- Oldest open run of a version first. The coalesce keeps PostgreSQL from going through all slots without a log.
SELECT {s.Slot} FROM runs r CROSS JOIN slots s ON s.account = r.account AND s.run_id = r.id AND s.place = (
  SELECT d.place FROM slots d INDEXED BY slots_datapoint
  WHERE d.account = r.account AND d.run_id = r.id AND d.datapoint_id = :datapoint_id)
WHERE {open_runs} AND coalesce(s.log_id, '') = ''
ORDER BY r.created_at, r.id;

-- name: first_slot_wanting
-- The first slot of a fingerprint that has no log, of the oldest open run that has one and was made before then.
SELECT {s.Slot} FROM runs r CROSS JOIN slots s ON s.account = r.account AND s.run_id = r.id AND s.place = (
  SELECT min(a.place) FROM slots a INDEXED BY slots_alike
  WHERE a.account = r.account AND a.run_id = r.id AND a.fingerprint = :fingerprint AND a.log_id IS NULL)
WHERE {open_runs} AND r.created_at < :before
ORDER BY r.created_at, r.id LIMIT 1;

-- name: undone_slot
-- Any of the slots that a run was made with and that is not done.
SELECT place FROM slots INDEXED BY slots_undone
WHERE account = :account AND run_id = :run_id AND is_expected = 1 AND is_done = 0 LIMIT 1;

-- name: add_awaited
-- A run needs judgments of a version on the logs in these slots.
INSERT INTO awaited (account, run_id, version_id, place)
SELECT :account, :run_id, :version_id, c.value FROM json_each(:places) c WHERE true
ON CONFLICT (account, run_id, version_id, place) DO NOTHING;

-- name: remove_awaited
-- A run does not need these any more.
DELETE FROM awaited WHERE account = :account AND run_id = :run_id AND version_id = :version_id
  AND place IN (SELECT c.value FROM json_each(:places) c);

-- name: forget_awaited_of_version
-- A run needs nothing of a version any more.
DELETE FROM awaited WHERE account = :account AND run_id = :run_id AND version_id = :version_id;

-- name: forget_awaited
-- A run needs no judgments any more.
DELETE FROM awaited WHERE account = :account AND run_id = :run_id;

-- name: awaited_of_run
-- Any judgment that a run needs.
SELECT place FROM awaited WHERE account = :account AND run_id = :run_id LIMIT 1;

-- name: judged_in_run
-- What live evaluators said about the logs of a run.
SELECT s.place, l.id, l.file_id, l.version_id, l.is_automatic, l.has_error, l.judgment
FROM slots s INDEXED BY slots_filled CROSS JOIN logs l ON l.account = s.account AND l.judged_id = s.log_id
JOIN entries e ON e.account = l.account AND e.id = l.file_id
WHERE s.account = :account AND s.run_id = :run_id AND s.log_id IS NOT NULL AND e.deleted_at IS NULL
  AND l.file_id IN (SELECT c.value FROM json_each(:evaluator_ids) c)
ORDER BY s.place, l.place;
