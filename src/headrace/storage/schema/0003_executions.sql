-- Runs of flows: what is kept of each, their events, and conversations that wait for an answer.

CREATE TABLE executions (
  account TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  file_id TEXT NOT NULL,
  version_id TEXT NOT NULL,
  number INTEGER,
  is_draft INTEGER NOT NULL,
  pointer_id TEXT,
  environment_id TEXT,
  status TEXT NOT NULL,
  started_by TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  input TEXT,
  output TEXT,
  error TEXT,
  failed_node TEXT,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  cost_usd REAL,
  events_count INTEGER NOT NULL,
  PRIMARY KEY (account, id),
  FOREIGN KEY (account, file_id) REFERENCES entries (account, id)
) STRICT;
CREATE INDEX executions_started_at ON executions (account, started_at, id);
CREATE INDEX executions_of_file ON executions (account, file_id, started_at, id);
CREATE INDEX executions_name ON executions (account, file_id, name, id);
CREATE INDEX executions_ended_at ON executions (ended_at, account, id) WHERE ended_at IS NOT NULL;
CREATE INDEX executions_running ON executions (status) WHERE status = 'Running';

-- body: JSON text of `size` consecutive events, of which the first has the number `first`.
CREATE TABLE event_batches (
  account TEXT NOT NULL,
  execution_id TEXT NOT NULL,
  first INTEGER NOT NULL,
  size INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (account, execution_id, first),
  FOREIGN KEY (account, execution_id) REFERENCES executions (account, id) ON DELETE CASCADE
) STRICT;

-- state: NULL while the first turn is carried out.
CREATE TABLE sessions (
  account TEXT NOT NULL,
  file_id TEXT NOT NULL,
  name TEXT NOT NULL,
  execution_id TEXT NOT NULL,
  pointer_id TEXT,
  is_busy INTEGER NOT NULL,
  node TEXT,
  digest TEXT NOT NULL,
  turn_at INTEGER NOT NULL,
  content BLOB NOT NULL,
  state BLOB,
  PRIMARY KEY (account, file_id, name),
  FOREIGN KEY (account, file_id) REFERENCES entries (account, id)
) STRICT;
CREATE INDEX sessions_turn_at ON sessions (turn_at, account, file_id, name) WHERE is_busy = 0;
CREATE INDEX sessions_busy ON sessions (is_busy) WHERE is_busy = 1;
