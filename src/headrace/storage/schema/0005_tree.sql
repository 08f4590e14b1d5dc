-- The tree: hidden files of nodes, lists over all kinds, directories, what an environment has.

-- owner_id: of a hidden file, the file of which it is a node.
ALTER TABLE entries ADD COLUMN owner_id TEXT;
CREATE INDEX entries_owned ON entries (account, owner_id) WHERE owner_id IS NOT NULL AND deleted_at IS NULL;

-- The newest unique index is asked first, so that of the path comes last.
DROP INDEX entries_created_at;
DROP INDEX entries_updated_at;
DROP INDEX entries_name;
DROP INDEX entries_drafted;
DROP INDEX entries_short_name;
DROP INDEX entries_path;
CREATE INDEX entries_created_at ON entries (account, kind, created_at, id)
WHERE deleted_at IS NULL AND owner_id IS NULL;
CREATE INDEX entries_updated_at ON entries (account, kind, updated_at, id)
WHERE deleted_at IS NULL AND owner_id IS NULL;
CREATE INDEX entries_name ON entries (account, kind, name, id)
WHERE deleted_at IS NULL AND owner_id IS NULL;
CREATE INDEX entries_drafted ON entries (account, kind, created_at, id)
WHERE deleted_at IS NULL AND owner_id IS NULL AND is_drafted = 1;
CREATE UNIQUE INDEX entries_short_name ON entries (account, kind, short_name)
WHERE deleted_at IS NULL AND owner_id IS NULL;
CREATE UNIQUE INDEX entries_path ON entries (account, path) WHERE deleted_at IS NULL;

-- The same over all kinds; kind stands last for lists of some of them.
CREATE INDEX entries_of_all_created_at ON entries (account, created_at, id, kind)
WHERE deleted_at IS NULL AND owner_id IS NULL AND kind IS NOT NULL;
CREATE INDEX entries_of_all_updated_at ON entries (account, updated_at, id, kind)
WHERE deleted_at IS NULL AND owner_id IS NULL AND kind IS NOT NULL;
CREATE INDEX entries_of_all_name ON entries (account, name, id, kind)
WHERE deleted_at IS NULL AND owner_id IS NULL AND kind IS NOT NULL;

-- Files below a directory, right in it, and directories.
CREATE INDEX entries_files ON entries (account, path, kind)
WHERE deleted_at IS NULL AND owner_id IS NULL AND kind IS NOT NULL;
CREATE INDEX entries_of_directory ON entries (account, directory_id, name, id)
WHERE deleted_at IS NULL AND owner_id IS NULL AND kind IS NOT NULL;
CREATE INDEX entries_directories ON entries (account, path) WHERE deleted_at IS NULL AND kind IS NULL;
CREATE INDEX entries_subdirectories ON entries (account, directory_id, path)
WHERE deleted_at IS NULL AND kind IS NULL;

CREATE INDEX pointers_of_environment ON pointers (account, pointer_id, file_id) WHERE kind = 'environment';
