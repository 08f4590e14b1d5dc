-- The aliases of flows and the key-value tags of resources.

CREATE TABLE aliases (
  account TEXT NOT NULL,
  file_id TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT,
  concurrency TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (account, file_id, id),
  FOREIGN KEY (account, file_id) REFERENCES entries (account, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_created_at ON aliases (account, file_id, created_at, id);
CREATE UNIQUE INDEX aliases_name ON aliases (account, file_id, name);

-- resource: its path, such as flow/0XE4WXCT1P.
CREATE TABLE tags (
  account TEXT NOT NULL,
  resource TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (account, resource, key)
) STRICT, WITHOUT ROWID;
