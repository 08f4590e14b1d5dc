-- As in 0001: the path is asked first, then the short name, then the short id.
DROP INDEX entries_short_name;
DROP INDEX entries_short_id;
CREATE UNIQUE INDEX entries_short_name ON entries (account, kind, short_name)
WHERE deleted_at IS NULL AND owner_id IS NULL;
CREATE UNIQUE INDEX entries_short_id ON entries (account, short_id);
