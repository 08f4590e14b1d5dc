-- An update that breaks several rules is told the most telling: here the oldest index is asked first.
DROP INDEX environments_default;
CREATE UNIQUE INDEX environments_default ON environments (account) WHERE tag = 'default';
