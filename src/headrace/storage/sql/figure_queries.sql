-- Figures of many things, each in one look. See `queries.py` for what stands in braces.

-- name: folders_of_directory
-- The directories right in a directory, by path, with how many files are below each.
SELECT d.id, d.path, d.directory_id, d.created_at, d.updated_at, (
  SELECT count(*) FROM entries f INDEXED BY entries_files
  WHERE f.account = d.account AND f.kind IS NOT NULL AND f.deleted_at IS NULL AND f.owner_id IS NULL
  AND f.path > d.path || '/' AND f.path < d.path || '0')
FROM entries d INDEXED BY entries_subdirectories
WHERE d.account = :account AND d.directory_id = :directory_id AND d.kind IS NULL AND d.deleted_at IS NULL
AND d.path > :after
ORDER BY d.path LIMIT :take;

-- name: changed_files
-- Files of some kinds, the last changed first, from just after a place on.
SELECT {e.File} {of_all} AND (:kinds IS NULL OR instr(:kinds, ' ' || e.kind || ' ') > 0)
AND (e.updated_at, e.id) < (:updated_at, :id)
ORDER BY e.updated_at DESC, e.id DESC LIMIT :take;

-- name: file_names
-- What files are called, by path, from just after one on.
SELECT e.id, e.kind, e.path, e.updated_at FROM entries e INDEXED BY entries_files
WHERE e.account = :account AND e.kind IS NOT NULL AND e.deleted_at IS NULL AND e.owner_id IS NULL
AND e.path > :after
ORDER BY e.path LIMIT :take;

-- name: usage_of_files
-- Of each file that was used.
SELECT file_id, sum(logs_count), max(last_used_at)
FROM json_each(:file_ids) c CROSS JOIN usage u ON u.account = :account AND u.file_id = c.value
WHERE last_used_at IS NOT NULL
GROUP BY file_id;

-- name: numbers_of_versions
-- The live numbers of versions, ascending.
SELECT r.version_id, r.number
FROM json_each(:version_ids) c
CROSS JOIN releases r ON r.account = :account AND r.version_id = c.value AND r.is_removed = 0
ORDER BY r.number;

-- part: use
-- What is told of a use.
l.id, l.version_id, l.created_at, l.has_error, l.provider_latency_s, l.start_time, l.end_time

-- name: last_uses
-- The newest logs of each of some versions.
SELECT {use} FROM json_each(:version_ids) c
CROSS JOIN usage u ON u.account = :account AND u.version_id = c.value
CROSS JOIN logs l ON l.place IN (
  SELECT p.place FROM logs p INDEXED BY logs_of_version WHERE p.version_number = u.number
  ORDER BY p.place DESC LIMIT :take);

-- part: spent
-- What logs used, by quarters of an hour: so many places one has.
SELECT place / 1843200000000, count(*), sum(has_error), sum(prompt_tokens), sum(output_tokens),
  sum(coalesce(prompt_cost, 0.0) + coalesce(output_cost, 0.0)), count(prompt_cost) + count(output_cost)

-- name: spent_by_file
-- What the logs of a file used.
{spent} FROM logs l INDEXED BY logs_of_file WHERE l.file_number = :file_number AND l.place BETWEEN :first AND :last
GROUP BY place / 1843200000000;

-- name: spent_below_flow
-- What the logs of other files used that are in traces of a flow.
{spent} FROM logs l INDEXED BY logs_of_flow
WHERE l.trace_flow_id = :flow_id AND l.trace_flow_id <> l.file_id AND l.place BETWEEN :first AND :last
AND l.account = :account
GROUP BY place / 1843200000000;

-- name: draw_uses
-- The logs of a file that have the lowest lots.
SELECT {use} FROM logs l INDEXED BY logs_lots
WHERE l.file_number = :file_number AND l.place BETWEEN :first AND :last
ORDER BY lot, place LIMIT :take;

-- name: judged_logs
-- What evaluators that are there found of any of these logs.
SELECT l.judged_id, l.version_id, l.judgment FROM json_each(:log_ids) c
CROSS JOIN logs l ON l.account = :account AND l.judged_id = c.value
JOIN entries e ON e.account = l.account AND e.id = l.file_id
WHERE l.has_error = 0 AND l.judgment IS NOT NULL AND e.deleted_at IS NULL;
