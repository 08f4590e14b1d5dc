"""A directory of readable files that is kept in step with a server: the client's side.

Modules without input or output say what the files are (`paths`, `yaml_text`, `forms`, `pointers`) and what
differs (`compare`); `folder` and `state` touch the disk, `remote` asks the server, `pulling` and `pushing` do
the work.
"""
