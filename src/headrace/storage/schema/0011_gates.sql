-- What a version has to meet before a pointer may be moved to it, who approved it, and what is watched.

-- file_id: empty where a gate stands at an environment for all files. spec: JSON, see core.gates.GateSpec.
CREATE TABLE gates (
  account TEXT NOT NULL,
  file_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  pointer_id TEXT NOT NULL,
  spec TEXT NOT NULL,
  set_by TEXT NOT NULL,
  set_at INTEGER NOT NULL,
  PRIMARY KEY (account, kind, pointer_id, file_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE approvals (
  account TEXT NOT NULL,
  file_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  pointer_id TEXT NOT NULL,
  version_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  reason TEXT,
  approved_at INTEGER NOT NULL,
  PRIMARY KEY (account, file_id, kind, pointer_id, version_id, user_id),
  FOREIGN KEY (account, file_id) REFERENCES entries (account, id)
) STRICT, WITHOUT ROWID;

-- rules: JSON, as the gate asked for them when the pointer was moved. ended_at: NULL while it goes on.
CREATE TABLE watches (
  account TEXT NOT NULL,
  move_id TEXT NOT NULL,
  version_id TEXT NOT NULL,
  file_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  pointer_id TEXT NOT NULL,
  rules TEXT NOT NULL,
  begun_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL,
  ended_at INTEGER,
  outcome TEXT,
  PRIMARY KEY (account, move_id, version_id),
  FOREIGN KEY (account, file_id) REFERENCES entries (account, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX watches_going ON watches (account, version_id, move_id) WHERE ended_at IS NULL;

CREATE INDEX runs_completed ON runs (account, version_id, dataset_id, created_at, id) WHERE status = 'completed';
