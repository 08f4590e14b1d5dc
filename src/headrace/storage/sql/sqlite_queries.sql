-- name: newest_migration
-- Any answer shows that the store can be read.
SELECT max(number) FROM migrations;

-- name: add_words
-- What a new log is found by, or a known one from now on.
INSERT INTO new_words (account, place, id, words) VALUES (:account, :place, :id, :words);

-- name: count_of_new_words
-- How many logs are new: they are forgotten all at once. To have it returned by the insert takes longer.
SELECT max(arrival) FROM new_words;

-- name: change_new_words
-- What one of the last logs is found by from now on.
UPDATE new_words SET words = :words WHERE place = :place;

-- name: remove_new_words
-- Find one of the last logs no more.
DELETE FROM new_words WHERE place = :place;

-- name: fold_words
-- Let the index have the words of the last logs.
INSERT INTO log_words (rowid, words) SELECT place, words FROM new_words WHERE words <> '';

-- name: fold_ids
-- Let the index have their ids.
INSERT INTO log_ids (rowid, id) SELECT place, id FROM new_words WHERE id IS NOT NULL;

-- name: forget_new_words
-- They are in the indexes.
DELETE FROM new_words;

-- name: merge_words
-- Let the index become fewer pieces, some pages at a time.
INSERT INTO log_words (log_words, rank) VALUES ('merge', :pages);

-- name: merge_ids
-- The same of the index of ids.
INSERT INTO log_ids (log_ids, rank) VALUES ('merge', :pages);

-- name: count_of_changes
-- How many rows this connection has changed so far; a merge that has nothing to do changes less than two.
SELECT total_changes();

-- name: remove_words
-- Find a log by words no more.
DELETE FROM log_words WHERE rowid = :place;

-- name: remove_id
-- Find a log by its id no more.
DELETE FROM log_ids WHERE rowid = :place;

-- name: new_words
-- What the last logs are found by.
SELECT place, words FROM new_words WHERE account = :account AND place BETWEEN :first AND :last;

-- name: next_term
-- The first term in the index from a text on.
SELECT term FROM log_terms WHERE term >= :start LIMIT 1;

-- name: count_with_words
-- How many logs have the words.
SELECT count(*) FROM log_words WHERE log_words MATCH :match AND rowid BETWEEN :first AND :last;

-- name: newest_with_words
-- A page of the logs that have the words.
SELECT rowid FROM log_words WHERE log_words MATCH :match AND rowid BETWEEN :first AND :last
ORDER BY rowid DESC LIMIT :take OFFSET :skip;

-- name: count_with_triples
-- How many logs, of whatever file, may have a part in their id; counted only up to a number.
SELECT count(*) FROM (SELECT rowid FROM log_ids WHERE log_ids MATCH :match LIMIT :most);

-- name: with_part_of_triples
-- The logs of a file that have a part in their id, among those that may.
SELECT l.place FROM log_ids i CROSS JOIN logs l ON l.place = i.rowid
WHERE log_ids MATCH :match AND l.file_number = :file_number AND {in_range} AND {of_version} AND instr(l.id, :part) > 0;

-- name: with_part_among_new
-- The same, among the last logs.
SELECT l.place FROM new_words n CROSS JOIN logs l ON l.place = n.place
WHERE l.file_number = :file_number AND {in_range} AND {of_version} AND instr(l.id, :part) > 0;

-- name: with_part
-- The same, looking at every id of the file.
SELECT l.place FROM logs l INDEXED BY logs_ids
WHERE file_number = :file_number AND {in_range} AND {of_version} AND instr(id, :part) > 0;

-- name: count_with_part
-- How many they are.
SELECT count(*) FROM logs l INDEXED BY logs_ids
WHERE file_number = :file_number AND {in_range} AND {of_version} AND instr(id, :part) > 0;

-- name: newest_with_part
-- A page of them.
SELECT l.place FROM logs l INDEXED BY logs_ids
WHERE file_number = :file_number AND {in_range} AND {of_version} AND instr(id, :part) > 0
ORDER BY place DESC LIMIT :take OFFSET :skip;
