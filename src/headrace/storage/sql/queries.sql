-- name: make_migrations
-- Where it is kept what was applied to the store; the only table that no migration makes.
CREATE TABLE migrations (
  number INTEGER NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  applied_at INTEGER NOT NULL
) STRICT;

-- name: migrations_of_store
-- What was applied to this store, oldest first.
SELECT number, name, sha256 FROM migrations ORDER BY number;

-- name: add_migration
-- Record that a migration was applied.
INSERT INTO migrations (number, name, sha256, applied_at) VALUES (:number, :name, :sha256, :applied_at);

-- name: remove_migration
-- Forget that a migration was applied.
DELETE FROM migrations WHERE number = :number;

-- name: file_by_id
-- A live file.
SELECT {File} FROM entries WHERE account = :account AND id = :id AND kind IS NOT NULL AND deleted_at IS NULL;

-- name: file_by_short_id
-- A live file of a kind.
SELECT {File} FROM entries
WHERE account = :account AND short_id = :short_id AND kind = :kind AND deleted_at IS NULL;

-- name: file_by_short_name
-- A live file of a kind that is not hidden.
SELECT {File} FROM entries
WHERE account = :account AND kind = :kind AND short_name = :short_name AND deleted_at IS NULL AND owner_id IS NULL;

-- name: file_by_path
-- The live file at a path.
SELECT {File} FROM entries WHERE account = :account AND path = :path AND kind IS NOT NULL AND deleted_at IS NULL;

-- name: directory_by_path
-- The directory at a path.
SELECT id, path, directory_id, created_at, updated_at FROM entries
WHERE account = :account AND path = :path AND kind IS NULL AND deleted_at IS NULL;

-- name: directory_by_id
-- The directory with an id.
SELECT id, path, directory_id, created_at, updated_at FROM entries
WHERE account = :account AND id = :id AND kind IS NULL AND deleted_at IS NULL;

-- name: add_file
-- A new file, with what it is found by.
INSERT INTO entries (account, {File}, name, name_folded) VALUES (:account, {:File}, :name, :name_folded);

-- name: add_directory
-- A new directory.
INSERT INTO entries (account, id, path, directory_id, created_at, updated_at, name, name_folded)
VALUES (:account, :id, :path, :parent_id, :created_at, :updated_at, :name, :name_folded);

-- name: count_file
-- One more live file of a kind, or one less.
INSERT INTO counts (account, kind, live) VALUES (:account, :kind, :change)
ON CONFLICT (account, kind) DO UPDATE SET live = counts.live + excluded.live;

-- name: update_file
-- Everything of a live file that may change. A number that was issued stays issued, a hidden file where it is.
UPDATE entries SET path = CASE WHEN owner_id IS NULL THEN :path ELSE path END,
  directory_id = CASE WHEN owner_id IS NULL THEN :directory_id ELSE directory_id END, short_id = :short_id, short_name = :short_name,
  description = :description, readme = :readme, tags = :tags, updated_at = :updated_at, name = :name,
  name_folded = :name_folded,
  last_number = CASE WHEN last_number > :last_number THEN last_number ELSE :last_number END
WHERE account = :account AND id = :id AND kind IS NOT NULL AND deleted_at IS NULL;

-- name: issue_number
-- A number of a live file was given out.
UPDATE entries SET updated_at = :at, last_number = CASE WHEN last_number > :number THEN last_number ELSE :number END
WHERE account = :account AND id = :id AND kind IS NOT NULL AND deleted_at IS NULL;

-- name: hide_file
-- Hide a live file; the partial indexes free its path and names.
UPDATE entries SET deleted_at = :at
WHERE account = :account AND id = :id AND kind IS NOT NULL AND deleted_at IS NULL
RETURNING kind, owner_id IS NULL;

-- name: hide_owned
-- Hide the hidden files of a file.
UPDATE entries SET deleted_at = :at WHERE account = :account AND owner_id = :id AND deleted_at IS NULL;

-- name: count_of_kind
-- The number of live files of a kind that are not hidden.
SELECT live FROM counts WHERE account = :account AND kind = :kind;

-- name: count_of_all
-- The same over all kinds.
SELECT coalesce(sum(live), 0) FROM counts WHERE account = :account;

-- part: matching
-- Files of :kinds (words between blanks) with a path between :after and :before, whose name contains :name, that
-- a user with :user in the e-mail or name had a hand in, and that are deployed in :environment_id.
(:after IS NULL OR (e.path > :after AND e.path < :before))
AND (:kinds IS NULL OR instr(:kinds, ' ' || e.kind || ' ') > 0)
AND (:name IS NULL OR instr(e.name_folded, :name) > 0)
AND (:environment_id IS NULL OR EXISTS (
    SELECT 1 FROM pointers p WHERE p.account = e.account AND p.file_id = e.id
    AND p.kind = 'environment' AND p.pointer_id = :environment_id))
AND (:user IS NULL
  OR EXISTS (
    SELECT 1 FROM users u WHERE u.account = e.account AND u.id = e.created_by
    AND (instr(u.email_folded, :user) > 0 OR instr(u.full_name_folded, :user) > 0))
  OR EXISTS (
    SELECT 1 FROM versions v JOIN users u ON u.account = v.account AND u.id = v.created_by
    WHERE v.account = e.account AND v.file_id = e.id AND v.deleted_at IS NULL
    AND (instr(u.email_folded, :user) > 0 OR instr(u.full_name_folded, :user) > 0)))

-- part: of_kind
-- Live files of a kind that are not hidden.
FROM entries e
WHERE e.account = :account AND e.kind = :kind AND e.deleted_at IS NULL AND e.owner_id IS NULL

-- part: of_all
-- Live files of all kinds that are not hidden.
FROM entries e
WHERE e.account = :account AND e.kind IS NOT NULL AND e.deleted_at IS NULL AND e.owner_id IS NULL

-- part: under
-- Those whose path lies between two.
FROM entries e INDEXED BY entries_files
WHERE e.account = :account AND e.kind IS NOT NULL AND e.deleted_at IS NULL AND e.owner_id IS NULL
AND e.path > :after AND e.path < :before

-- part: deployed
-- Those that an environment has.
FROM pointers d CROSS JOIN entries e ON e.account = d.account AND e.id = d.file_id
WHERE d.account = :account AND d.kind = 'environment' AND d.pointer_id = :environment_id
AND e.kind IS NOT NULL AND e.deleted_at IS NULL AND e.owner_id IS NULL

-- part: place
-- What a list is ordered by that has no index for each order.
CASE :sort WHEN 'created_at' THEN e.created_at WHEN 'updated_at' THEN e.updated_at ELSE e.name END

-- name: count_of_kind_matching
-- The number of files that a filtered page is cut from, of a kind.
SELECT count(*) {of_kind} AND {matching};

-- name: count_of_all_matching
-- The number of files that a filtered page is cut from, of all kinds.
SELECT count(*) {of_all} AND {matching};

-- name: count_under_matching
-- The number of files that a filtered page is cut from, below a directory.
SELECT count(*) {under} AND {matching};

-- name: count_deployed_matching
-- The number of files that a filtered page is cut from, in an environment.
SELECT count(*) {deployed} AND {matching};

-- name: page_of_kind_by_created_at_asc
-- A page of files of a kind, oldest first.
SELECT {e.File} {of_kind} AND {matching}
ORDER BY e.created_at, e.id LIMIT :take OFFSET :skip;

-- name: page_of_kind_by_created_at_desc
-- A page of files of a kind, newest first.
SELECT {e.File} {of_kind} AND {matching}
ORDER BY e.created_at DESC, e.id DESC LIMIT :take OFFSET :skip;

-- name: page_of_kind_by_updated_at_asc
-- A page of files of a kind, the longest unchanged first.
SELECT {e.File} {of_kind} AND {matching}
ORDER BY e.updated_at, e.id LIMIT :take OFFSET :skip;

-- name: page_of_kind_by_updated_at_desc
-- A page of files of a kind, the last changed first.
SELECT {e.File} {of_kind} AND {matching}
ORDER BY e.updated_at DESC, e.id DESC LIMIT :take OFFSET :skip;

-- name: page_of_kind_by_name_asc
-- A page of files of a kind, by name.
SELECT {e.File} {of_kind} AND {matching}
ORDER BY e.name, e.id LIMIT :take OFFSET :skip;

-- name: page_of_kind_by_name_desc
-- A page of files of a kind, by name, backwards.
SELECT {e.File} {of_kind} AND {matching}
ORDER BY e.name DESC, e.id DESC LIMIT :take OFFSET :skip;

-- name: page_of_all_by_created_at_asc
-- A page of files of all kinds, oldest first.
SELECT {e.File} {of_all} AND {matching}
ORDER BY e.created_at, e.id LIMIT :take OFFSET :skip;

-- name: page_of_all_by_created_at_desc
-- A page of files of all kinds, newest first.
SELECT {e.File} {of_all} AND {matching}
ORDER BY e.created_at DESC, e.id DESC LIMIT :take OFFSET :skip;

-- name: page_of_all_by_updated_at_asc
-- A page of files of all kinds, the longest unchanged first.
SELECT {e.File} {of_all} AND {matching}
ORDER BY e.updated_at, e.id LIMIT :take OFFSET :skip;

-- name: page_of_all_by_updated_at_desc
-- A page of files of all kinds, the last changed first.
SELECT {e.File} {of_all} AND {matching}
ORDER BY e.updated_at DESC, e.id DESC LIMIT :take OFFSET :skip;

-- name: page_of_all_by_name_asc
-- A page of files of all kinds, by name.
SELECT {e.File} {of_all} AND {matching}
ORDER BY e.name, e.id LIMIT :take OFFSET :skip;

-- name: page_of_all_by_name_desc
-- A page of files of all kinds, by name, backwards.
SELECT {e.File} {of_all} AND {matching}
ORDER BY e.name DESC, e.id DESC LIMIT :take OFFSET :skip;

-- name: page_under_asc
-- A page of files below a directory, in an order.
SELECT {e.File} {under} AND {matching}
ORDER BY {place}, e.id LIMIT :take OFFSET :skip;

-- name: page_under_desc
-- A page of files below a directory, backwards.
SELECT {e.File} {under} AND {matching}
ORDER BY {place} DESC, e.id DESC LIMIT :take OFFSET :skip;

-- name: page_deployed_asc
-- A page of files in an environment, in an order.
SELECT {e.File} {deployed} AND {matching}
ORDER BY {place}, e.id LIMIT :take OFFSET :skip;

-- name: page_deployed_desc
-- A page of files in an environment, backwards.
SELECT {e.File} {deployed} AND {matching}
ORDER BY {place} DESC, e.id DESC LIMIT :take OFFSET :skip;

-- name: files_of_directory
-- The files right in a directory, from just after a place on.
SELECT {File} FROM entries
WHERE account = :account AND directory_id = :directory_id AND kind IS NOT NULL AND deleted_at IS NULL
AND owner_id IS NULL AND (name, id) > (:name, :id)
ORDER BY name, id LIMIT :take;

-- part: directory
-- The columns of a directory.
id, path, directory_id, created_at, updated_at

-- name: all_directories
-- Every directory.
SELECT {directory} FROM entries INDEXED BY entries_directories
WHERE account = :account AND kind IS NULL AND deleted_at IS NULL ORDER BY path;

-- name: subdirectories
-- The directories right in a directory.
SELECT {directory} FROM entries
WHERE account = :account AND directory_id = :directory_id AND kind IS NULL AND deleted_at IS NULL ORDER BY path;

-- name: longest_path
-- The length of the longest of the live paths between two.
SELECT coalesce(max(length(path)), 0) FROM entries
WHERE account = :account AND path > :after AND path < :before AND deleted_at IS NULL;

-- name: update_directory
-- Everything of a directory that may change.
UPDATE entries SET path = :path, directory_id = :parent_id, updated_at = :updated_at, name = :name,
  name_folded = :name_folded
WHERE account = :account AND id = :id AND kind IS NULL AND deleted_at IS NULL;

-- name: move_below
-- What was below a directory that moved goes with it: only the beginning of the paths changes.
UPDATE entries SET path = :path || substr(path, :length + 1), updated_at = :at
WHERE account = :account AND path > :after AND path < :before AND deleted_at IS NULL;

-- name: remove_directory
-- Forget a directory, if nothing is in it.
DELETE FROM entries WHERE account = :account AND id = :id AND kind IS NULL
AND NOT EXISTS (
  SELECT 1 FROM entries c WHERE c.account = :account AND c.directory_id = :id AND c.kind IS NULL
  AND c.deleted_at IS NULL)
AND NOT EXISTS (
  SELECT 1 FROM entries c WHERE c.account = :account AND c.directory_id = :id AND c.kind IS NOT NULL
  AND c.deleted_at IS NULL AND c.owner_id IS NULL);

-- name: drafted_files
-- Live files of a kind that have a draft, with it, newest file first, from just after a place on.
SELECT {e.File}, {d.Draft} FROM entries e JOIN drafts d ON d.account = e.account AND d.file_id = e.id
WHERE e.account = :account AND e.kind = :kind AND e.deleted_at IS NULL AND e.owner_id IS NULL AND e.is_drafted = 1
AND (e.created_at, e.id) < (:created_at, :id)
ORDER BY e.created_at DESC, e.id DESC LIMIT :take;

-- name: version_by_id
-- A live version of a live file.
SELECT {v.Version} FROM used_versions v JOIN entries e ON e.account = v.account AND e.id = v.file_id
WHERE v.account = :account AND v.id = :id AND v.deleted_at IS NULL AND e.deleted_at IS NULL;

-- name: kept_version
-- A version, hidden or not, of any file.
SELECT {Version} FROM used_versions WHERE account = :account AND id = :id;

-- name: version_by_digest
-- The version with that content, hidden or not.
SELECT {Version} FROM used_versions WHERE account = :account AND file_id = :file_id AND digest = :digest;

-- name: version_by_name
-- The live version of that name.
SELECT {Version} FROM used_versions
WHERE account = :account AND file_id = :file_id AND name = :name AND deleted_at IS NULL;

-- name: add_version
-- A new version.
INSERT INTO versions (account, id, file_id, digest, content, name, description, created_by, created_at, updated_at,
  is_runnable, is_upserted, deleted_at)
VALUES (:account, :id, :file_id, :digest, :content, :name, :description, :created_by, :created_at, :updated_at,
  :is_runnable, :is_upserted, :deleted_at);

-- name: version_is_live
-- Whether a version is not hidden.
SELECT deleted_at IS NULL FROM versions WHERE account = :account AND id = :id AND file_id = :file_id;

-- name: update_version
-- Everything of a version that may change.
UPDATE versions SET name = :name, description = :description, updated_at = :updated_at,
  is_runnable = :is_runnable, is_upserted = :is_upserted, deleted_at = :deleted_at
WHERE account = :account AND id = :id AND file_id = :file_id;

-- name: count_version
-- A file has one more live version, or one less.
UPDATE entries SET versions_count = versions_count + :change WHERE account = :account AND id = :file_id;

-- name: versions_of_file
-- The live versions of a file, newest first, from just after a place on.
SELECT {Version} FROM used_versions WHERE account = :account AND file_id = :file_id AND deleted_at IS NULL
AND (created_at, id) < (:created_at, :id)
ORDER BY created_at DESC, id DESC LIMIT :take;

-- name: version_of_highest_number
-- The live version that the highest live number points at.
SELECT {v.Version} FROM releases r JOIN used_versions v ON v.account = r.account AND v.id = r.version_id
WHERE r.account = :account AND r.file_id = :file_id AND r.is_removed = 0 AND v.deleted_at IS NULL
ORDER BY r.number DESC LIMIT 1;

-- name: last_version
-- The live version that was made last.
SELECT {Version} FROM used_versions WHERE account = :account AND file_id = :file_id AND deleted_at IS NULL
ORDER BY created_at DESC, id DESC LIMIT 1;

-- name: counts_of_file
-- The numbers of live versions and of live releases that can run.
SELECT versions_count, runnable_count FROM entries WHERE account = :account AND id = :file_id;

-- name: release_by_number
-- A live release.
SELECT {Release} FROM live_releases WHERE account = :account AND file_id = :file_id AND number = :number;

-- name: add_release
-- A new number of a version of that file; where there is no such version, one without, which is refused.
INSERT INTO releases (account, {Release}) VALUES (:account, :file_id, :number,
  (SELECT v.id FROM versions v WHERE v.account = :account AND v.id = :version_id AND v.file_id = :file_id),
  CASE WHEN (SELECT v.content = :content FROM versions v WHERE v.account = :account AND v.id = :version_id)
    THEN NULL ELSE :content END,
  :description, :short_name, :created_by, :created_at, :is_runnable);

-- name: remove_release
-- Forget a release, but not that its number was used.
UPDATE releases SET is_removed = 1, content = NULL
WHERE account = :account AND file_id = :file_id AND number = :number AND is_removed = 0
RETURNING is_runnable;

-- name: give_out_number
-- A number of a file was given out, of a release that can run or of one that can't.
UPDATE entries SET runnable_count = runnable_count + :is_runnable, updated_at = :created_at,
  last_number = CASE WHEN last_number > :number THEN last_number ELSE :number END
WHERE account = :account AND id = :file_id;

-- name: count_runnable
-- A file has one more live release that can run, or one less.
UPDATE entries SET runnable_count = runnable_count + :change WHERE account = :account AND id = :file_id;

-- name: numbers_of_version
-- The live numbers of a version, ascending.
SELECT number FROM releases WHERE account = :account AND version_id = :version_id AND is_removed = 0 ORDER BY number;

-- name: runnable_releases
-- Live releases that can run, highest number first, below a number.
SELECT {Release} FROM live_releases
WHERE account = :account AND file_id = :file_id AND is_runnable = 1 AND number < :before
ORDER BY number DESC LIMIT :take;

-- name: draft_of_file
-- A file's draft.
SELECT {Draft} FROM drafts WHERE account = :account AND file_id = :file_id;

-- name: put_draft
-- A file's draft, in place of the one there was.
INSERT INTO drafts (account, {Draft}) VALUES (:account, {:Draft})
ON CONFLICT (account, file_id) DO UPDATE SET id = excluded.id, content = excluded.content,
  digest = excluded.digest, is_edited = excluded.is_edited, status = excluded.status,
  findings = excluded.findings, snapshot_id = excluded.snapshot_id, snapshot = excluded.snapshot,
  snapshot_digest = excluded.snapshot_digest, created_by = excluded.created_by,
  created_at = excluded.created_at, updated_at = excluded.updated_at;

-- name: mark_drafted
-- A file has a draft from now on.
UPDATE entries SET is_drafted = 1 WHERE account = :account AND id = :file_id AND is_drafted = 0;

-- name: all_environments
-- The environments in order of creation.
SELECT {Environment} FROM environments WHERE account = :account ORDER BY created_at, id;

-- name: add_environment
-- A new environment.
INSERT INTO environments (account, {Environment}) VALUES (:account, {:Environment});

-- name: update_environment
-- What may change of an environment.
UPDATE environments SET name = :name, tag = :tag WHERE account = :account AND id = :id;

-- name: remove_environment
-- Forget an environment.
DELETE FROM environments WHERE account = :account AND id = :id;

-- name: add_move
-- The next move.
INSERT INTO moves (account, {Move}) VALUES (:account, {:Move});

-- name: put_pointer
-- A pointer's state, in place of the one before.
INSERT INTO pointers (account, {Pointer}) VALUES (:account, {:Pointer})
ON CONFLICT (account, file_id, kind, pointer_id) DO UPDATE SET version_id = excluded.version_id,
  target = excluded.target, is_automatic = excluded.is_automatic, moved_at = excluded.moved_at,
  move_id = excluded.move_id, digest = excluded.digest, shares = excluded.shares, is_off = excluded.is_off;

-- name: drop_pointer
-- A pointer targets nothing any more; its moves stay.
DELETE FROM pointers
WHERE account = :account AND file_id = :file_id AND kind = :kind AND pointer_id = :pointer_id;

-- name: pointer
-- A pointer's state.
SELECT {Pointer} FROM pointers
WHERE account = :account AND file_id = :file_id AND kind = :kind AND pointer_id = :pointer_id;

-- name: pointers_for_call
-- The state of a pointer and of the file itself.
SELECT {Pointer} FROM pointers
WHERE account = :account AND file_id = :file_id AND kind = :kind AND pointer_id = :pointer_id
UNION ALL
SELECT {Pointer} FROM pointers
WHERE account = :account AND file_id = :file_id AND kind = 'flow' AND pointer_id = :file_id;

-- name: pointers_of_file
-- The pointers of a file that target something.
SELECT {Pointer} FROM pointers
WHERE account = :account AND file_id = :file_id AND (version_id IS NOT NULL OR target IS NOT NULL)
ORDER BY kind, pointer_id;

-- name: pointers_of_environment
-- The pointers of an environment, of live files.
SELECT {d.Pointer} FROM pointers d CROSS JOIN entries e ON e.account = d.account AND e.id = d.file_id
WHERE d.account = :account AND d.kind = 'environment' AND d.pointer_id = :environment_id AND e.deleted_at IS NULL
ORDER BY d.file_id LIMIT :take;

-- name: moves_of_file
-- All moves of a file's pointers, in the order they were made.
SELECT {Move} FROM moves WHERE account = :account AND file_id = :file_id ORDER BY place;

-- name: move_by_id
-- A move.
SELECT {Move} FROM moves WHERE account = :account AND id = :id;

-- name: last_move
-- The last move of a pointer.
SELECT {Move} FROM moves
WHERE account = :account AND file_id = :file_id AND kind = :kind AND pointer_id = :pointer_id
ORDER BY place DESC LIMIT 1;

-- name: last_move_of_action
-- The last move of a pointer of that kind of moves.
SELECT {Move} FROM moves
WHERE account = :account AND file_id = :file_id AND kind = :kind AND pointer_id = :pointer_id AND action = :action
ORDER BY place DESC LIMIT 1;

-- name: first_page_of_moves
-- The last moves of a pointer, newest first.
SELECT {Move} FROM moves
WHERE account = :account AND file_id = :file_id AND kind = :kind AND pointer_id = :pointer_id
ORDER BY place DESC LIMIT :take;

-- name: page_of_moves
-- Moves of a pointer that were made before another, newest first.
SELECT {Move} FROM moves
WHERE account = :account AND file_id = :file_id AND kind = :kind AND pointer_id = :pointer_id
  AND place < (SELECT b.place FROM moves b WHERE b.account = :account AND b.id = :before
    AND b.file_id = :file_id AND b.kind = :kind AND b.pointer_id = :pointer_id)
ORDER BY place DESC LIMIT :take;

-- name: alias
-- An alias of a file.
SELECT {Alias} FROM aliases WHERE account = :account AND file_id = :file_id AND id = :id;

-- name: alias_by_name
-- The alias of a file that has that name.
SELECT {Alias} FROM aliases WHERE account = :account AND file_id = :file_id AND name = :name;

-- name: add_alias
-- A new alias.
INSERT INTO aliases (account, {Alias}) VALUES (:account, {:Alias});

-- name: update_alias
-- Everything of an alias that may change.
UPDATE aliases SET name = :name, description = :description, concurrency = :concurrency, updated_at = :updated_at
WHERE account = :account AND file_id = :file_id AND id = :id;

-- name: remove_alias
-- Forget an alias; its moves stay.
DELETE FROM aliases WHERE account = :account AND file_id = :file_id AND id = :id;

-- name: page_of_aliases
-- The aliases of a file, newest first, from just after a place on.
SELECT {Alias} FROM aliases
WHERE account = :account AND file_id = :file_id AND (created_at, id) < (:created_at, :id)
ORDER BY created_at DESC, id DESC LIMIT :take;

-- name: count_of_aliases
-- The number of a file's aliases, which are few enough to count.
SELECT count(*) FROM aliases WHERE account = :account AND file_id = :file_id;

-- name: tags_of_resource
-- A resource's tags in the order of keys.
SELECT key, value FROM tags WHERE account = :account AND resource = :resource ORDER BY key;

-- name: put_tag
-- A tag, or its new value.
INSERT INTO tags (account, resource, key, value) VALUES (:account, :resource, :key, :value)
ON CONFLICT (account, resource, key) DO UPDATE SET value = excluded.value;

-- name: remove_tag
-- Forget a tag.
DELETE FROM tags WHERE account = :account AND resource = :resource AND key = :key;

-- name: secrets_of_file
-- A file's sealed values in the order of their names.
SELECT name, sealed FROM secrets WHERE account = :account AND file_id = :file_id ORDER BY name;

-- name: put_secret
-- A sealed value, or another in its place.
INSERT INTO secrets (account, file_id, name, sealed) VALUES (:account, :file_id, :name, :sealed)
ON CONFLICT (account, file_id, name) DO UPDATE SET sealed = excluded.sealed;

-- name: remove_secret
-- Forget a sealed value.
DELETE FROM secrets WHERE account = :account AND file_id = :file_id AND name = :name;

-- name: receipt
-- What a client token remembers.
SELECT {Receipt} FROM receipts
WHERE account = :account AND operation = :operation AND parent = :parent AND token = :token;

-- name: add_receipt
-- A new receipt.
INSERT INTO receipts (account, {Receipt}) VALUES (:account, {:Receipt});

-- name: remove_receipt
-- Forget a receipt.
DELETE FROM receipts WHERE account = :account AND operation = :operation AND parent = :parent AND token = :token;

-- name: expire_receipts
-- Forget the oldest receipts from before a time, up to a number.
DELETE FROM receipts WHERE (account, operation, parent, token) IN (
  SELECT account, operation, parent, token FROM receipts WHERE account = :account AND created_at < :before
  ORDER BY created_at, operation, parent, token LIMIT :most);

-- name: organisation
-- An organisation, whoever asks.
SELECT {Organisation} FROM organisations WHERE account = :account;

-- name: add_organisation
-- A new organisation.
INSERT INTO organisations ({Organisation}) VALUES ({:Organisation});

-- name: user_by_id
-- A user of the organisation.
SELECT {User} FROM users WHERE account = :account AND id = :id;

-- name: user_by_email
-- A user of the organisation.
SELECT {User} FROM users WHERE account = :account AND email = :email;

-- name: add_user
-- A new user, with what they are found by.
INSERT INTO users (account, {User}, email_folded, full_name_folded)
VALUES (:account, {:User}, :email_folded, :full_name_folded);

-- name: key_by_hash
-- A key of any organisation.
SELECT {Key} FROM keys WHERE api_key_hash = :api_key_hash;

-- name: key_by_access_id
-- A key of any organisation.
SELECT {Key} FROM keys WHERE access_key_id = :access_key_id;

-- name: all_keys
-- The keys of all organisations, revoked ones too, oldest first.
SELECT {Key} FROM keys ORDER BY created_at, id;

-- name: add_key
-- A new key.
INSERT INTO keys ({Key}) VALUES ({:Key});

-- name: revoke_key
-- A key opens nothing from now on; a second time changes nothing.
UPDATE keys SET revoked_at = :at WHERE id = :id AND revoked_at IS NULL;

-- name: sealed_secret
-- Something that was sealed with the server's key and is still of use, if there is anything.
SELECT secret_sealed FROM keys WHERE revoked_at IS NULL UNION ALL SELECT sealed FROM secrets
UNION ALL SELECT sealed FROM provider_accounts WHERE sealed IS NOT NULL LIMIT 1;

-- name: has_keys
-- Whether there is a key at all.
SELECT EXISTS (SELECT 1 FROM keys);

-- name: execution_by_id
-- A run.
SELECT {Execution} FROM executions WHERE account = :account AND id = :id;

-- name: execution_by_name
-- The newest run of a file under the name that its caller knows.
SELECT {Execution} FROM executions WHERE account = :account AND file_id = :file_id AND name = :name
ORDER BY id DESC LIMIT 1;

-- name: put_execution
-- A run, or what has become of it.
INSERT INTO executions (account, {Execution}) VALUES (:account, {:Execution})
ON CONFLICT (account, id) DO UPDATE SET status = excluded.status, ended_at = excluded.ended_at,
  output = excluded.output, error = excluded.error, failed_node = excluded.failed_node,
  input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens, cost_usd = excluded.cost_usd,
  events_count = excluded.events_count, holder = excluded.holder, attempt = excluded.attempt;

-- name: record_execution
-- The same as who carries it out knows it; nothing when another one does by now, or nobody.
INSERT INTO executions (account, {Execution}) VALUES (:account, {:Execution})
ON CONFLICT (account, id) DO UPDATE SET status = excluded.status, ended_at = excluded.ended_at,
  output = excluded.output, error = excluded.error, failed_node = excluded.failed_node,
  input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens, cost_usd = excluded.cost_usd,
  events_count = excluded.events_count
WHERE executions.holder IS NOT DISTINCT FROM excluded.holder;

-- name: page_of_executions
-- The runs of an organisation, newest first, from just after a place on.
SELECT {Execution} FROM executions
WHERE account = :account AND (started_at, id) < (:created_at, :id)
ORDER BY started_at DESC, id DESC LIMIT :take;

-- name: page_of_executions_of_file
-- The same of one file.
SELECT {Execution} FROM executions
WHERE account = :account AND file_id = :file_id AND (started_at, id) < (:created_at, :id)
ORDER BY started_at DESC, id DESC LIMIT :take;

-- name: newer_executions_of_file
-- The runs of one file, oldest first, from just after a place on.
SELECT {Execution} FROM executions
WHERE account = :account AND file_id = :file_id AND (started_at, id) > (:created_at, :id)
ORDER BY started_at, id LIMIT :take;

-- name: remove_execution
-- Forget one run, with its events.
DELETE FROM executions WHERE account = :account AND id = :id;

-- name: durable_execution
-- The durable run that an alias has under a name.
SELECT {Execution} FROM executions
WHERE account = :account AND file_id = :file_id AND pointer_id = :pointer_id AND name = :name
  AND is_durable = 1;

-- name: page_of_durable_executions
-- The durable runs of a file, newest first, from just after a place on.
SELECT {Execution} FROM executions
WHERE account = :account AND file_id = :file_id AND is_durable = 1 AND (started_at, id) < (:created_at, :id)
ORDER BY started_at DESC, id DESC LIMIT :take;

-- name: page_of_durable_executions_of_pointer
-- The same of one of its aliases.
SELECT {Execution} FROM executions
WHERE account = :account AND file_id = :file_id AND pointer_id = :pointer_id AND is_durable = 1
  AND (started_at, id) < (:created_at, :id)
ORDER BY started_at DESC, id DESC LIMIT :take;

-- name: count_of_going_executions
-- How many durable runs of an organisation go on.
SELECT count(*) FROM executions WHERE account = :account AND is_durable = 1 AND ended_at IS NULL;

-- name: count_of_all_going_executions
-- How many durable runs of all organisations have not ended.
SELECT count(*) FROM executions WHERE is_durable = 1 AND ended_at IS NULL;

-- name: held_executions
-- The durable runs of all organisations that a process carries out.
SELECT account, id, attempt FROM executions WHERE holder = :holder AND status = 'Running' AND is_durable = 1
ORDER BY account, id;

-- name: running_executions
-- What runs, of all organisations: the whole of a small index.
SELECT account, id FROM executions WHERE status = 'Running';

-- name: ticket
-- What a durable run needs to be carried out.
SELECT {Ticket} FROM tickets WHERE account = :account AND execution_id = :execution_id;

-- name: add_ticket
-- The same, at its start.
INSERT INTO tickets (account, {Ticket}) VALUES (:account, {:Ticket});

-- name: put_document
-- Another document for a durable run that has ended.
UPDATE tickets SET document = :document WHERE account = :account AND execution_id = :execution_id;

-- name: put_process
-- A process is there, or still there.
INSERT INTO processes ({Process}) VALUES ({:Process})
ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at;

-- name: processes
-- All processes, in the order in which they started.
SELECT {Process} FROM processes ORDER BY started_at, id;

-- name: remove_process
-- Forget a process.
DELETE FROM processes WHERE id = :id;

-- name: add_events
-- A batch of a run's events.
INSERT INTO event_batches (account, {EventBatch}) VALUES (:account, {:EventBatch});

-- name: events_of_execution
-- The batches that hold events from a number on, in order.
SELECT {EventBatch} FROM event_batches
WHERE account = :account AND execution_id = :execution_id AND first >= (
  SELECT coalesce(max(first), 0) FROM event_batches
  WHERE account = :account AND execution_id = :execution_id AND first <= :after)
ORDER BY first LIMIT :take;

-- name: fail_running_executions
-- Runs of all organisations that nobody carries out any more, because a process is gone.
UPDATE executions SET status = 'Failed', ended_at = :at, error = :error, holder = NULL
WHERE status = 'Running' AND is_durable = 0 AND holder IS NOT DISTINCT FROM :holder
RETURNING account, id, run_id;

-- name: purge_executions
-- Forget the runs of all organisations that ended before a time, oldest first, up to a number.
DELETE FROM executions WHERE (account, id) IN (
  SELECT account, id FROM executions WHERE ended_at < :before
  ORDER BY ended_at, account, id LIMIT :most);

-- name: session
-- A conversation.
SELECT {Session} FROM sessions WHERE account = :account AND file_id = :file_id AND name = :name;

-- name: put_session
-- A conversation, or its next state.
INSERT INTO sessions (account, {Session}) VALUES (:account, {:Session})
ON CONFLICT (account, file_id, name) DO UPDATE SET execution_id = excluded.execution_id,
  pointer_id = excluded.pointer_id, is_busy = excluded.is_busy, node = excluded.node, content = excluded.content,
  digest = excluded.digest, state = excluded.state, turn_at = excluded.turn_at,
  holder = excluded.holder;

-- name: remove_session
-- Forget a conversation.
DELETE FROM sessions WHERE account = :account AND file_id = :file_id AND name = :name;

-- name: wait_again
-- Runs of all organisations whose answer nobody carries out any more wait for it again.
UPDATE executions SET status = 'Waiting', holder = NULL
WHERE status IN ('Running', 'Waiting') AND (account, id) IN (
  SELECT account, execution_id FROM sessions
  WHERE is_busy = 1 AND state IS NOT NULL AND holder IS NOT DISTINCT FROM :holder);

-- name: drop_first_turns
-- Forget the conversations of all organisations whose first turn nobody carries out any more.
DELETE FROM sessions WHERE is_busy = 1 AND state IS NULL AND holder IS NOT DISTINCT FROM :holder;

-- name: free_sessions
-- Let the other conversations be answered again.
UPDATE sessions SET is_busy = 0, holder = NULL WHERE is_busy = 1 AND holder IS NOT DISTINCT FROM :holder;

-- name: abort_expired_executions
-- The runs of all organisations that have waited for an answer since before a time, up to a number.
UPDATE executions SET status = 'Aborted', ended_at = :at, error = :error
WHERE status = 'Waiting' AND (account, id) IN (
  SELECT account, execution_id FROM sessions WHERE turn_at < :before AND is_busy = 0
  ORDER BY turn_at, account, file_id, name LIMIT :most)
RETURNING account, id;

-- name: remove_expired_sessions
-- Their conversations.
DELETE FROM sessions WHERE (account, file_id, name) IN (
  SELECT account, file_id, name FROM sessions WHERE turn_at < :before AND is_busy = 0
  ORDER BY turn_at, account, file_id, name LIMIT :most);
