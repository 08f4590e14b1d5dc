-- What nothing refers to any more, and what takes it away.

-- name: removed_files
-- Files that were removed before a moment.
SELECT id FROM entries WHERE account = :account AND kind IS NOT NULL AND deleted_at < :before ORDER BY id;

-- name: hidden_versions
-- Versions that were hidden before a moment, or whose files were removed then, from just after one on.
SELECT v.id, v.file_id FROM versions v JOIN entries e ON e.account = v.account AND e.id = v.file_id
WHERE v.account = :account AND v.id > :after AND (v.deleted_at < :before OR e.deleted_at < :before)
ORDER BY v.id LIMIT :take;

-- name: free_versions
-- Those of a file's hidden versions that nothing but logs refers to, and how many logs each has.
SELECT v.id, coalesce(u.logs_count, 0)
FROM json_each(:ids) c
CROSS JOIN versions v ON v.account = :account AND v.id = c.value
CROSS JOIN entries e ON e.account = v.account AND e.id = v.file_id
LEFT JOIN usage u ON u.account = v.account AND u.version_id = v.id
WHERE v.file_id = :file_id AND (v.deleted_at < :before OR e.deleted_at < :before)
  AND (e.deleted_at IS NOT NULL OR NOT EXISTS (
    SELECT 1 FROM releases r WHERE r.account = v.account AND r.version_id = v.id AND r.is_removed = 0))
  AND (e.deleted_at IS NOT NULL OR NOT EXISTS (
    SELECT 1 FROM drafts d WHERE d.account = v.account AND d.file_id = v.file_id AND d.snapshot_id = v.id))
  AND (e.deleted_at IS NOT NULL OR NOT EXISTS (
    SELECT 1 FROM moves m WHERE m.account = :account AND m.file_id = :file_id
    AND (m.version_id = v.id OR m.from_version_id = v.id OR instr(m.shares, v.id) > 0
      OR instr(coalesce(m.evidence, ''), v.id) > 0)))
  AND (e.deleted_at IS NOT NULL OR v.id NOT IN (
    SELECT a.version_id FROM approvals a WHERE a.account = :account AND a.file_id = :file_id))
  AND (e.deleted_at IS NOT NULL OR v.id NOT IN (
    SELECT w.version_id FROM watches w WHERE w.account = :account AND w.file_id = :file_id))
  AND v.id NOT IN (
    SELECT x.version_id FROM executions x
    WHERE x.account = :account AND x.file_id = :file_id AND x.started_at >= :since)
  AND v.id NOT IN (
    SELECT r.version_id FROM runs r WHERE r.account = :account AND r.version_id IS NOT NULL)
  AND v.id NOT IN (
    SELECT r.dataset_version_id FROM runs r WHERE r.account = :account AND r.dataset_version_id IS NOT NULL)
  AND v.id NOT IN (SELECT s.version_id FROM seats s WHERE s.account = :account)
  AND v.id NOT IN (
    SELECT o.version_id FROM monitors o WHERE o.account = :account AND o.version_id IS NOT NULL)
  AND v.id NOT IN (SELECT j.object FROM jobs j WHERE j.account = :account);

-- name: forget_numbers_of_versions
-- The numbers that versions had; the file knows its highest.
DELETE FROM releases
WHERE account = :account AND file_id = :file_id AND version_id IN (SELECT c.value FROM json_each(:ids) c);

-- name: remove_versions
-- Forget versions of a file.
DELETE FROM versions
WHERE account = :account AND file_id = :file_id AND id IN (SELECT c.value FROM json_each(:ids) c);

-- name: contents_of_kinds
-- Versions of files of some kinds, in the order of their ids, from just after one on.
SELECT v.id, e.kind, v.content FROM versions v JOIN entries e ON e.account = v.account AND e.id = v.file_id
WHERE v.account = :account AND v.id > :after AND e.kind IN (SELECT c.value FROM json_each(:kinds) c)
ORDER BY v.id LIMIT :take;

-- name: remove_draft
-- Forget the draft of a file.
DELETE FROM drafts WHERE account = :account AND file_id = :file_id;

-- name: files_with_datapoints
-- Files that have datapoints or parts of versions, those that never came to be too.
SELECT DISTINCT d.file_id FROM datapoints d WHERE d.account = :account
UNION
SELECT DISTINCT p.file_id FROM dataset_parts p WHERE p.account = :account;

-- name: versions_of_dataset
-- The contents of all versions of a file, hidden ones too.
SELECT id, content FROM versions WHERE account = :account AND file_id = :file_id;

-- name: datapoints_from
-- Datapoints of a file in the order of their digests, from just after one on.
SELECT digest, id FROM datapoints WHERE account = :account AND file_id = :file_id AND digest > :after
ORDER BY digest LIMIT :take;

-- name: dataset_parts_from
-- Parts of a file in the order of their digests, from just after one on.
SELECT digest FROM dataset_parts WHERE account = :account AND file_id = :file_id AND digest > :after
ORDER BY digest LIMIT :take;

-- name: named_datapoints
-- Those of some datapoints that a log, a run of an evaluation or a run names; there is no index for it.
SELECT c.value FROM json_each(:ids) c
WHERE c.value IN (
    SELECT l.source_datapoint_id FROM logs l
    WHERE l.account = :account AND l.source_datapoint_id IS NOT NULL)
  OR c.value IN (
    SELECT s.datapoint_id FROM slots s WHERE s.account = :account AND s.datapoint_id IS NOT NULL)
  OR c.value IN (
    SELECT x.datapoint_id FROM executions x WHERE x.account = :account AND x.datapoint_id IS NOT NULL);

-- name: remove_datapoints
-- Forget datapoints of a file.
DELETE FROM datapoints
WHERE account = :account AND file_id = :file_id AND id IN (SELECT c.value FROM json_each(:ids) c);

-- name: remove_dataset_parts
-- Forget parts of a file's versions.
DELETE FROM dataset_parts
WHERE account = :account AND file_id = :file_id AND digest IN (SELECT c.value FROM json_each(:digests) c);
