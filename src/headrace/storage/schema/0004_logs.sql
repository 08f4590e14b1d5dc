-- Logs, how often versions are used, monitors, judgments in total, and work that waits.

-- How often each version was used; last_used_at: NULL when it never was.
-- number, file_number: the version and its file, as the logs and their indexes have them.
CREATE TABLE usage (
  number INTEGER NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  file_id TEXT NOT NULL,
  version_id TEXT NOT NULL,
  file_number INTEGER NOT NULL,
  logs_count INTEGER NOT NULL DEFAULT 0,
  traced_count INTEGER NOT NULL DEFAULT 0,
  last_used_at INTEGER
) STRICT;
CREATE INDEX usage_of_file ON usage (account, file_id);
CREATE UNIQUE INDEX usage_version ON usage (account, version_id);

ALTER TABLE versions DROP COLUMN last_used_at;
ALTER TABLE versions DROP COLUMN logs_count;

-- Versions with how often they were used; one that never was counts as used when it was made.
CREATE VIEW used_versions AS
SELECT v.*, COALESCE(u.logs_count, 0) AS logs_count, COALESCE(u.last_used_at, v.created_at) AS last_used_at
FROM versions v LEFT JOIN usage u ON u.account = v.account AND u.version_id = v.id;

-- place: orders all logs by creation, then by arrival: the time × 2048, and which of that time it is.
-- file_number, version_number: of `usage`. lot: by which samples are drawn. is_counted: whether its judgment is
-- in the total of its version. What may be large is in `payloads`, so that a change of anything else is small.
CREATE TABLE logs (
  place INTEGER NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  file_id TEXT NOT NULL,
  version_id TEXT NOT NULL,
  file_number INTEGER NOT NULL,
  version_number INTEGER NOT NULL,
  lot INTEGER NOT NULL,
  number INTEGER,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  status TEXT,
  start_time INTEGER,
  end_time INTEGER,
  provider_latency_s REAL,
  trace_parent_id TEXT,
  trace_id TEXT NOT NULL,
  trace_flow_id TEXT,
  is_in_trace INTEGER NOT NULL,
  judged_id TEXT,
  judged_version_id TEXT,
  marked_completed INTEGER,
  is_automatic INTEGER NOT NULL,
  user TEXT,
  environment TEXT,
  source TEXT,
  source_datapoint_id TEXT,
  run_id TEXT,
  is_saved INTEGER NOT NULL,
  prompt_tokens INTEGER,
  reasoning_tokens INTEGER,
  output_tokens INTEGER,
  prompt_cost REAL,
  output_cost REAL,
  finish_reason TEXT,
  execution_id TEXT,
  request_hash TEXT,
  has_error INTEGER NOT NULL,
  is_counted INTEGER NOT NULL,
  judgment BLOB,
  FOREIGN KEY (account, file_id) REFERENCES entries (account, id)
) STRICT;
CREATE INDEX logs_of_file ON logs (file_number, place, is_in_trace);
CREATE INDEX logs_of_version ON logs (version_number, place, is_in_trace);
CREATE INDEX logs_lots ON logs (file_number, lot, place, version_number, is_in_trace);
CREATE INDEX logs_ids ON logs (file_number, place, version_number, is_in_trace, id);
CREATE INDEX logs_of_trace ON logs (account, trace_id, place);
CREATE INDEX logs_of_parent ON logs (account, trace_parent_id, place) WHERE trace_parent_id IS NOT NULL;
CREATE INDEX logs_of_flow ON logs (trace_flow_id, version_number)
  WHERE trace_flow_id IS NOT NULL AND trace_flow_id <> file_id;
CREATE INDEX logs_of_execution ON logs (account, execution_id, place) WHERE execution_id IS NOT NULL;
CREATE INDEX logs_counted ON logs (account, judged_version_id, version_id, place) WHERE is_counted = 1;
CREATE UNIQUE INDEX logs_id ON logs (account, id);
CREATE UNIQUE INDEX logs_judgment ON logs (account, judged_id, version_id, is_automatic) WHERE judged_id IS NOT NULL;

CREATE TABLE payloads (
  place INTEGER NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  payload BLOB NOT NULL,
  FOREIGN KEY (place) REFERENCES logs (place) ON DELETE CASCADE
) STRICT;

-- Logs, whole.
CREATE VIEW kept_logs AS
SELECT l.*, p.payload FROM logs l JOIN payloads p ON p.place = l.place;

-- Those of files that are there.
CREATE VIEW live_logs AS
SELECT l.*, p.payload FROM logs l
JOIN entries e ON e.account = l.account AND e.id = l.file_id
JOIN payloads p ON p.place = l.place
WHERE e.deleted_at IS NULL;

-- What the last logs are found by: written one by one, a full-text index costs four times as much as in batches.
-- id: NULL when it is in its index already.
CREATE TABLE new_words (
  arrival INTEGER NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  place INTEGER NOT NULL,
  id TEXT,
  words TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX new_words_place ON new_words (place);

-- The words of logs, by place. Each has before it the file and where it stands, so that a word of one file is
-- found without a look at another's; `core.search` says what a word is.
CREATE VIRTUAL TABLE log_words USING fts5(
  words, content='', contentless_delete=1, detail=none, tokenize="ascii tokenchars '_'"
);

-- The terms of the words, as they are needed to find all that begin alike.
CREATE VIRTUAL TABLE log_terms USING fts5vocab(log_words, instance);

-- Three characters of ids in a row, by place.
CREATE VIRTUAL TABLE log_ids USING fts5(
  id, content='', contentless_delete=1, detail=none, tokenize='trigram case_sensitive 1'
);

-- numerator, denominator: decimal digits, which may be more than an integer holds.
CREATE TABLE totals (
  account TEXT NOT NULL,
  version_id TEXT NOT NULL,
  evaluator_id TEXT NOT NULL,
  evaluator_version_id TEXT NOT NULL,
  judgments INTEGER NOT NULL,
  numerator TEXT NOT NULL,
  denominator TEXT NOT NULL,
  PRIMARY KEY (account, version_id, evaluator_version_id)
) STRICT, WITHOUT ROWID;

-- place: the order in which they were attached.
CREATE TABLE monitors (
  place INTEGER NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  id TEXT NOT NULL,
  file_id TEXT NOT NULL,
  evaluator_id TEXT NOT NULL,
  version_id TEXT,
  environment_id TEXT,
  is_active INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  FOREIGN KEY (account, file_id) REFERENCES entries (account, id),
  FOREIGN KEY (account, evaluator_id) REFERENCES entries (account, id)
) STRICT;
CREATE INDEX monitors_of_file ON monitors (account, file_id, place);
CREATE UNIQUE INDEX monitors_id ON monitors (account, id);
CREATE UNIQUE INDEX monitors_version ON monitors (account, file_id, version_id) WHERE version_id IS NOT NULL;
CREATE UNIQUE INDEX monitors_environment ON monitors (account, file_id, evaluator_id, environment_id)
  WHERE version_id IS NULL;

CREATE TABLE jobs (
  account TEXT NOT NULL,
  work TEXT NOT NULL,
  subject TEXT NOT NULL,
  object TEXT NOT NULL,
  turn INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  leased_until INTEGER,
  PRIMARY KEY (account, work, subject, object)
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_of_subject ON jobs (account, subject, work, object);
CREATE INDEX jobs_ready ON jobs (work, max(due_at, coalesce(leased_until, due_at)), account, subject, object);
CREATE INDEX jobs_leased ON jobs (leased_until) WHERE leased_until IS NOT NULL;
