-- The registry: organisations, files, versions, releases, drafts, deployments, receipts.
--
-- Times are microseconds since 1970 in UTC. Unique indexes are made so that the most telling rule of several
-- that a row breaks is named: the newest index is asked first, the primary key last.

CREATE TABLE organisations (
  account TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- email_folded, full_name_folded: for the search in any case.
CREATE TABLE users (
  account TEXT NOT NULL,
  id TEXT NOT NULL,
  email TEXT NOT NULL,
  full_name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  email_folded TEXT NOT NULL,
  full_name_folded TEXT NOT NULL,
  PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX users_email ON users (account, email);

CREATE TABLE keys (
  id TEXT NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  user_id TEXT NOT NULL,
  right INTEGER NOT NULL,
  name TEXT NOT NULL,
  api_key_hash TEXT NOT NULL,
  access_key_id TEXT NOT NULL,
  secret_sealed TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX keys_access ON keys (access_key_id);
CREATE UNIQUE INDEX keys_hash ON keys (api_key_hash);

-- Files of every kind and directories, so that a path is unique over all of them. A directory has no kind.
-- name, name_folded: the last part of the path, for sorting and for the search in any case.
-- versions_count, runnable_count: live versions; live releases that can run. deleted_at: hidden since.
CREATE TABLE entries (
  account TEXT NOT NULL,
  id TEXT NOT NULL,
  kind TEXT,
  path TEXT NOT NULL,
  directory_id TEXT,
  short_id TEXT,
  short_name TEXT,
  created_by TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  last_number INTEGER NOT NULL DEFAULT 0,
  versions_count INTEGER NOT NULL DEFAULT 0,
  runnable_count INTEGER NOT NULL DEFAULT 0,
  is_drafted INTEGER NOT NULL DEFAULT 0,
  deleted_at INTEGER,
  name TEXT NOT NULL,
  name_folded TEXT NOT NULL,
  tags TEXT,
  description TEXT,
  readme TEXT,
  PRIMARY KEY (account, id)
) STRICT;
CREATE INDEX entries_created_at ON entries (account, kind, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX entries_updated_at ON entries (account, kind, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX entries_name ON entries (account, kind, name, id) WHERE deleted_at IS NULL;
CREATE INDEX entries_drafted ON entries (account, kind, created_at, id) WHERE deleted_at IS NULL AND is_drafted = 1;
CREATE UNIQUE INDEX entries_short_id ON entries (account, short_id);
CREATE UNIQUE INDEX entries_short_name ON entries (account, kind, short_name) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX entries_path ON entries (account, path) WHERE deleted_at IS NULL;

-- How many live files of a kind there are.
CREATE TABLE counts (
  account TEXT NOT NULL,
  kind TEXT NOT NULL,
  live INTEGER NOT NULL,
  PRIMARY KEY (account, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE versions (
  account TEXT NOT NULL,
  id TEXT NOT NULL,
  file_id TEXT NOT NULL,
  digest TEXT NOT NULL,
  name TEXT,
  description TEXT,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL,
  logs_count INTEGER NOT NULL,
  is_runnable INTEGER NOT NULL,
  is_upserted INTEGER NOT NULL,
  deleted_at INTEGER,
  content BLOB NOT NULL,
  PRIMARY KEY (account, id),
  FOREIGN KEY (account, file_id) REFERENCES entries (account, id)
) STRICT;
CREATE INDEX versions_of_file ON versions (account, file_id, created_at, id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX versions_digest ON versions (account, file_id, digest);
CREATE UNIQUE INDEX versions_name ON versions (account, file_id, name) WHERE name IS NOT NULL AND deleted_at IS NULL;

-- That a release's version is there and of the same file is seen to by the statement that adds it.
-- content: NULL when it is the version's to the letter. is_removed: gone, but its number stays taken.
CREATE TABLE releases (
  account TEXT NOT NULL,
  file_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  version_id TEXT NOT NULL,
  description TEXT,
  short_name TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  is_runnable INTEGER NOT NULL,
  is_removed INTEGER NOT NULL DEFAULT 0,
  content BLOB,
  PRIMARY KEY (account, file_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX releases_runnable ON releases (account, file_id, number) WHERE is_removed = 0 AND is_runnable = 1;
CREATE INDEX releases_of_version ON releases (account, version_id, number) WHERE is_removed = 0;

-- Live releases with their content.
CREATE VIEW live_releases AS
SELECT r.account, r.file_id, r.number, r.version_id, COALESCE(r.content, v.content) AS content, r.description,
  r.short_name, r.created_by, r.created_at, r.is_runnable
FROM releases r JOIN versions v ON v.account = r.account AND v.id = r.version_id
WHERE r.is_removed = 0;

CREATE TABLE drafts (
  account TEXT NOT NULL,
  file_id TEXT NOT NULL,
  id TEXT NOT NULL,
  digest TEXT NOT NULL,
  is_edited INTEGER NOT NULL,
  status TEXT NOT NULL,
  snapshot_id TEXT,
  snapshot_digest TEXT,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  findings BLOB,
  content BLOB NOT NULL,
  snapshot BLOB,
  PRIMARY KEY (account, file_id),
  FOREIGN KEY (account, file_id) REFERENCES entries (account, id)
) STRICT;

CREATE TABLE environments (
  account TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  tag TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX environments_created_at ON environments (account, created_at, id);
CREATE UNIQUE INDEX environments_default ON environments (account) WHERE tag = 'default';
CREATE UNIQUE INDEX environments_name ON environments (account, name);

-- place: the order in which the moves were made, whatever the clock said.
CREATE TABLE moves (
  place INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  account TEXT NOT NULL,
  id TEXT NOT NULL,
  file_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  pointer_id TEXT NOT NULL,
  version_id TEXT,
  target TEXT,
  is_automatic INTEGER NOT NULL,
  moved_by TEXT NOT NULL,
  moved_at INTEGER NOT NULL,
  FOREIGN KEY (account, file_id) REFERENCES entries (account, id)
) STRICT;
CREATE UNIQUE INDEX moves_id ON moves (account, id);
CREATE INDEX moves_of_file ON moves (account, file_id, place);
CREATE TRIGGER moves_never_change BEFORE UPDATE ON moves
BEGIN SELECT RAISE(ABORT, 'moves are only ever appended'); END;
CREATE TRIGGER moves_never_vanish BEFORE DELETE ON moves
BEGIN SELECT RAISE(ABORT, 'moves are only ever appended'); END;

CREATE TABLE pointers (
  account TEXT NOT NULL,
  file_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  pointer_id TEXT NOT NULL,
  version_id TEXT,
  target TEXT,
  is_automatic INTEGER NOT NULL,
  moved_at INTEGER NOT NULL,
  PRIMARY KEY (account, file_id, kind, pointer_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE receipts (
  account TEXT NOT NULL,
  operation TEXT NOT NULL,
  parent TEXT NOT NULL,
  token TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  result_id TEXT NOT NULL,
  number INTEGER,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (account, operation, parent, token)
) STRICT, WITHOUT ROWID;
CREATE INDEX receipts_created_at ON receipts (account, created_at, operation, parent, token);
