-- The environment variables of tools, sealed with the server's key.

CREATE TABLE secrets (
  account TEXT NOT NULL,
  file_id TEXT NOT NULL,
  name TEXT NOT NULL,
  sealed TEXT NOT NULL,
  PRIMARY KEY (account, file_id, name),
  FOREIGN KEY (account, file_id) REFERENCES entries (account, id)
) STRICT, WITHOUT ROWID;
