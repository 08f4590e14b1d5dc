-- What was read of an export, so that it need not fit into memory: one table a sort of part.

-- name: schema
-- Times are ISO texts in UTC; a part is JSON. Nobody reads this file after a crash.
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE directories (path TEXT PRIMARY KEY, id TEXT, created_at TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE environments (id TEXT PRIMARY KEY, part BLOB NOT NULL);
CREATE TABLE files (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, path TEXT NOT NULL, is_stray INTEGER NOT NULL, part BLOB NOT NULL
);
CREATE TABLE versions (
  id TEXT PRIMARY KEY,
  file_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  logs_count INTEGER,
  is_stray INTEGER NOT NULL,
  part BLOB NOT NULL
);
CREATE INDEX versions_of_file ON versions (file_id, created_at, id);
CREATE TABLE datapoints (
  place INTEGER PRIMARY KEY, file_id TEXT NOT NULL, digest TEXT NOT NULL, part BLOB NOT NULL, UNIQUE (file_id, digest)
);
CREATE TABLE deployments (id TEXT PRIMARY KEY, file_id TEXT NOT NULL, part BLOB NOT NULL);
CREATE TABLE monitors (id TEXT PRIMARY KEY, file_id TEXT NOT NULL, created_at TEXT NOT NULL, part BLOB NOT NULL);
CREATE TABLE logs (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  file_id TEXT NOT NULL,
  version_id TEXT NOT NULL,
  parent_id TEXT,
  judged_id TEXT,
  created_at TEXT NOT NULL,
  part BLOB NOT NULL
);
-- Of versions of datasets that only runs show.
CREATE TABLE members (
  place INTEGER PRIMARY KEY, version_id TEXT NOT NULL, digest TEXT NOT NULL, UNIQUE (version_id, digest)
);
CREATE TABLE evaluations (id TEXT PRIMARY KEY, created_at TEXT NOT NULL, part BLOB NOT NULL);
CREATE TABLE runs (id TEXT PRIMARY KEY, created_at TEXT NOT NULL, part BLOB NOT NULL);
CREATE TABLE run_links (id TEXT PRIMARY KEY, added_at TEXT NOT NULL, part BLOB NOT NULL);
CREATE TABLE run_logs (run_id TEXT NOT NULL, log_id TEXT NOT NULL, part BLOB NOT NULL, PRIMARY KEY (run_id, log_id));
CREATE TABLE run_stats (run_id TEXT PRIMARY KEY, source TEXT NOT NULL, expected INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE places (id TEXT PRIMARY KEY, rank INTEGER NOT NULL, created_at TEXT NOT NULL) WITHOUT ROWID;
BEGIN;

-- name: put_directory
-- A directory; its id once somebody knows it.
INSERT INTO directories VALUES (:path, :id, :created_at)
ON CONFLICT (path) DO UPDATE
SET id = coalesce(id, excluded.id), created_at = min(created_at, excluded.created_at);

-- name: put_file
-- A file; what it says of itself beats what is said of it elsewhere.
INSERT INTO files VALUES (:id, :kind, :path, :is_stray, :part)
ON CONFLICT (id) DO UPDATE SET path = excluded.path, is_stray = excluded.is_stray, part = excluded.part
WHERE is_stray > excluded.is_stray;

-- name: put_version
-- A version; the first one of an id counts, but for those that only something else shows.
INSERT INTO versions VALUES (:id, :file_id, :kind, :created_at, :updated_at, :logs_count, :is_stray, :part)
ON CONFLICT (id) DO UPDATE
SET logs_count = excluded.logs_count, is_stray = excluded.is_stray, part = excluded.part
WHERE versions.is_stray > excluded.is_stray AND versions.file_id = excluded.file_id;

-- name: put_datapoint
-- A datapoint; the first of its content in a file counts.
INSERT OR IGNORE INTO datapoints (file_id, digest, part) VALUES (:file_id, :digest, :part);

-- name: put_environment
-- An environment, or what more is known of it.
INSERT OR REPLACE INTO environments VALUES (:id, :part);

-- name: put_deployment
-- A deployment.
INSERT OR IGNORE INTO deployments VALUES (:id, :file_id, :part);

-- name: put_monitor
-- A monitoring evaluator.
INSERT OR IGNORE INTO monitors VALUES (:id, :file_id, :created_at, :part);

-- name: put_log
-- A log, as it is after all its copies so far.
INSERT OR REPLACE INTO logs
VALUES (:id, :kind, :file_id, :version_id, :parent_id, :judged_id, :created_at, :part);

-- name: put_member
-- A datapoint of a version; the first of its content counts.
INSERT OR IGNORE INTO members (version_id, digest) VALUES (:version_id, :digest);

-- name: put_evaluation
-- An evaluation.
INSERT OR IGNORE INTO evaluations VALUES (:id, :created_at, :part);

-- name: put_run
-- A run, which may be part of several evaluations.
INSERT OR IGNORE INTO runs VALUES (:id, :created_at, :part);

-- name: put_run_link
-- A run as part of an evaluation.
INSERT OR IGNORE INTO run_links VALUES (:id, :added_at, :part);

-- name: put_run_log
-- A log of a run, which every evaluation with the run shows.
INSERT OR IGNORE INTO run_logs VALUES (:run_id, :log_id, :part);

-- name: put_run_stats
-- How many logs a run is said to have.
INSERT OR IGNORE INTO run_stats VALUES (:run_id, :source, :expected);

-- name: environment
-- What is known of an environment.
SELECT part FROM environments WHERE id = :id;

-- name: log
-- A log so far.
SELECT part FROM logs WHERE id = :id;

-- name: index_logs
-- Once, before logs are placed.
CREATE INDEX logs_below ON logs (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX logs_judging ON logs (judged_id, version_id) WHERE judged_id IS NOT NULL;
CREATE INDEX logs_of_version ON logs (version_id);
CREATE INDEX places_rank ON places (rank);

-- name: place_first
-- Logs that need no other one of the export.
INSERT INTO places
SELECT id, 0, created_at FROM logs
WHERE NOT EXISTS (SELECT 1 FROM logs AS other WHERE other.id IN (logs.parent_id, logs.judged_id));

-- name: place_next
-- Logs that need one of the rank before, and none that has no place.
INSERT INTO places
SELECT id, :rank, created_at FROM logs
WHERE id IN (
  SELECT below.id FROM places JOIN logs AS below ON below.parent_id = places.id WHERE places.rank = :rank - 1
  UNION
  SELECT below.id FROM places JOIN logs AS below ON below.judged_id = places.id WHERE places.rank = :rank - 1
)
AND NOT EXISTS (
  SELECT 1 FROM logs AS other WHERE other.id IN (logs.parent_id, logs.judged_id)
  AND NOT EXISTS (SELECT 1 FROM places WHERE places.id = other.id)
);

-- name: place_rest
-- Logs that need each other.
INSERT OR IGNORE INTO places SELECT id, :rank, created_at FROM logs;

-- name: order_places
-- Once, when all logs have a place.
CREATE INDEX places_order ON places (rank, created_at, id);

-- name: directories
-- From the root down. What is the path of a file, too, is the flow of a node.
SELECT path, id, created_at FROM directories WHERE path NOT IN (SELECT path FROM files) ORDER BY path;

-- name: environments
-- All.
SELECT part FROM environments ORDER BY id;

-- name: files
-- Of one kind, listed or stray, with the times of their first and last versions.
SELECT files.part, min(versions.created_at), max(versions.updated_at)
FROM files JOIN versions ON versions.file_id = files.id
WHERE files.kind = :kind AND files.is_stray = :is_stray GROUP BY files.id ORDER BY files.id;

-- name: datapoints
-- All, in the order in which they were found.
SELECT part FROM datapoints ORDER BY place;

-- name: versions
-- Of files of one kind, file by file, oldest first.
SELECT versions.part, files.is_stray FROM files JOIN versions ON versions.file_id = files.id
WHERE files.kind = :kind ORDER BY files.id, versions.created_at, versions.id;

-- name: deployments
-- Of files of one kind.
SELECT deployments.part FROM files JOIN deployments ON deployments.file_id = files.id
WHERE files.kind = :kind ORDER BY deployments.id;

-- name: monitors
-- Of files of one kind, in the order they were attached.
SELECT monitors.part FROM files JOIN monitors ON monitors.file_id = files.id
WHERE files.kind = :kind ORDER BY files.id, monitors.created_at, monitors.id;

-- name: logs
-- Each after those it needs. turn: how many later judgments of the same version there are on the same log.
SELECT logs.part, logs.kind, CASE WHEN logs.judged_id IS NULL THEN 0 ELSE (
  SELECT count(*) FROM logs AS later
  WHERE later.judged_id = logs.judged_id AND later.version_id = logs.version_id
  AND (later.created_at, later.id) > (logs.created_at, logs.id)
) END
FROM places JOIN logs ON logs.id = places.id
ORDER BY places.rank, places.created_at, places.id;

-- name: members
-- The datapoints of a version of a dataset that only runs show, in the order in which they were found.
SELECT digest FROM members WHERE version_id = :version_id ORDER BY place;

-- name: evaluations
-- All.
SELECT part FROM evaluations ORDER BY created_at, id;

-- name: runs
-- All.
SELECT part FROM runs ORDER BY created_at, id;

-- name: run_links
-- All, in the order in which they were added.
SELECT part FROM run_links ORDER BY added_at, id;

-- name: run_logs
-- All, run by run; those that were made from no datapoint by time.
SELECT run_logs.part FROM run_logs LEFT JOIN logs ON logs.id = run_logs.log_id
ORDER BY run_logs.run_id, logs.created_at, run_logs.log_id;

-- name: count_run_logs
-- All of one kind.
SELECT 'run', count(*) FROM run_logs;

-- name: count_logs
-- By kind.
SELECT kind, count(*) FROM logs GROUP BY kind;

-- name: count_files
-- By kind.
SELECT kind, count(*) FROM files GROUP BY kind;

-- name: count_versions
-- By kind.
SELECT kind, count(*) FROM versions GROUP BY kind;

-- name: count_datapoints
-- All of one kind.
SELECT 'dataset', count(*) FROM datapoints;

-- name: count_small
-- Of what there is little of.
SELECT (SELECT count(*) FROM directories), (SELECT count(*) FROM environments),
(SELECT count(*) FROM deployments), (SELECT count(*) FROM monitors);

-- name: short_versions
-- Versions of which fewer logs were found than they were said to have.
SELECT versions.id, files.path, versions.logs_count,
(SELECT count(*) FROM logs WHERE logs.version_id = versions.id) AS found
FROM versions JOIN files ON files.id = versions.file_id
WHERE versions.logs_count > found ORDER BY versions.id;

-- name: short_runs
-- Runs of which fewer logs were found than they were said to have.
SELECT run_id, source, expected, (SELECT count(*) FROM run_logs WHERE run_logs.run_id = run_stats.run_id) AS found
FROM run_stats WHERE expected > found ORDER BY run_id;
