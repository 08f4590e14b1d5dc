-- Evaluations, who judges in them, their runs, the logs of those, and what is still awaited.

CREATE TABLE evaluations (
  account TEXT NOT NULL,
  id TEXT NOT NULL,
  file_id TEXT NOT NULL,
  name TEXT,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (account, id),
  FOREIGN KEY (account, file_id) REFERENCES entries (account, id)
) STRICT;
CREATE UNIQUE INDEX evaluations_name ON evaluations (account, file_id, name) WHERE name IS NOT NULL;
CREATE INDEX evaluations_of_file ON evaluations (account, file_id, created_at, id);

-- place: the order in which they were added.
CREATE TABLE seats (
  account TEXT NOT NULL,
  evaluation_id TEXT NOT NULL,
  version_id TEXT NOT NULL,
  place INTEGER NOT NULL,
  evaluator_id TEXT NOT NULL,
  is_orchestrated INTEGER NOT NULL,
  added_at INTEGER NOT NULL,
  PRIMARY KEY (account, evaluation_id, version_id),
  FOREIGN KEY (account, evaluation_id) REFERENCES evaluations (account, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX seats_in_order ON seats (account, evaluation_id, place);
CREATE INDEX seats_of_evaluator ON seats (account, evaluator_id, evaluation_id);

CREATE TABLE runs (
  account TEXT NOT NULL,
  id TEXT NOT NULL,
  file_id TEXT NOT NULL,
  version_id TEXT,
  dataset_id TEXT,
  dataset_version_id TEXT,
  is_orchestrated INTEGER NOT NULL,
  status TEXT NOT NULL,
  size INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (account, id),
  FOREIGN KEY (account, file_id) REFERENCES entries (account, id)
) STRICT;
CREATE INDEX runs_open ON runs (account, version_id, created_at, id)
  WHERE is_orchestrated = 0 AND status IN ('pending', 'running');

-- place: the order in which they were added.
CREATE TABLE run_links (
  account TEXT NOT NULL,
  evaluation_id TEXT NOT NULL,
  run_id TEXT NOT NULL,
  place INTEGER NOT NULL,
  is_control INTEGER NOT NULL,
  added_at INTEGER NOT NULL,
  PRIMARY KEY (account, evaluation_id, run_id),
  FOREIGN KEY (account, evaluation_id) REFERENCES evaluations (account, id) ON DELETE CASCADE,
  FOREIGN KEY (account, run_id) REFERENCES runs (account, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_links_in_order ON run_links (account, evaluation_id, place);
CREATE INDEX run_links_of_run ON run_links (account, run_id, evaluation_id);

-- The datapoints of runs and the logs made from them; is_expected: whether its place is below the run's size.
CREATE TABLE slots (
  account TEXT NOT NULL,
  run_id TEXT NOT NULL,
  place INTEGER NOT NULL,
  datapoint_id TEXT,
  fingerprint TEXT,
  log_id TEXT,
  is_expected INTEGER NOT NULL,
  is_done INTEGER NOT NULL,
  PRIMARY KEY (account, run_id, place),
  FOREIGN KEY (account, run_id) REFERENCES runs (account, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX slots_datapoint ON slots (account, run_id, datapoint_id) WHERE datapoint_id IS NOT NULL;
CREATE UNIQUE INDEX slots_log ON slots (account, log_id, run_id) WHERE log_id IS NOT NULL;
CREATE INDEX slots_filled ON slots (account, run_id, place, log_id) WHERE log_id IS NOT NULL;
CREATE INDEX slots_undone ON slots (account, run_id, place) WHERE is_expected = 1 AND is_done = 0;
CREATE INDEX slots_alike ON slots (account, run_id, fingerprint, place) WHERE log_id IS NULL;

-- Judgments that open runs still need.
CREATE TABLE awaited (
  account TEXT NOT NULL,
  run_id TEXT NOT NULL,
  place INTEGER NOT NULL,
  version_id TEXT NOT NULL,
  PRIMARY KEY (account, run_id, version_id, place),
  FOREIGN KEY (account, run_id) REFERENCES runs (account, id)
) STRICT, WITHOUT ROWID;
