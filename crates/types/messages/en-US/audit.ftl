# The audit log, as `mycelium log` shows it.

log-empty = The audit log has no such entry.
log-unreadable = Line { $line } of { $file } is no entry. `mycelium log verify` says more.
log-good = The audit log is whole: { $entries ->
        [one] 1 entry
       *[other] { $entries } entries
    } in { $files ->
        [one] 1 file
       *[other] { $files } files
    }.
log-none = There is no audit log yet.
log-last = Last entry: { $last }
log-keys = Signed with: { $keys }
log-unfinished = A line of { $bytes } bytes at the end is not finished. It is being written, or its writer was killed before anybody was told that it is written.
log-bad = The audit log was changed: { $finding ->
        [malformed] the line is no entry
        [edited] the entry was edited
        [replaced] the entry was replaced by another
        [removed] the entry was removed; entry { $found } follows
        [reordered] the entry is not where it belongs; entry { $found } is there instead
        [inserted] a line was inserted; it says that it is entry { $found }
        [forged] the checkpoint is not signed with the log's key, so entries before it were written anew
        [truncated] the log was cut off before this entry; entry { $last } was on disk
        [unlinked] the files of the log do not belong together
        [file-missing] a file of the log is missing
        [head-missing] the head record is missing, so that nobody can tell where the log ended
        [head-forged] the head record is not signed with the log's key
        [noted] its writer noted here that it found the log changed
       *[anchor-missing] the entry that was noted elsewhere is not in it
    }.
    .file = File: { $file }
    .line = Line: { $line }
    .sequence = Entry: { $sequence }
    .good = Entries before it that are good: { $entries }
