# Why a command line cannot be understood.

usage-unknown-command = { $suggestion ->
    [none] There is no command `{ $command }`.
   *[other] There is no command `{ $command }`. Did you mean `{ $suggestion }`?
}
usage-unknown-option = { $suggestion ->
    [none] There is no option `{ $option }` here. If it is meant as a value, put `--` before it.
   *[other] There is no option `{ $option }` here. Did you mean `{ $suggestion }`?
}
usage-extra-argument = `{ $argument }` is one argument too many.
usage-missing-argument = Something is missing: { $arguments }.
usage-missing-command = One of these must follow: { $commands }.
usage-missing-value = `{ $option }` needs a value.
usage-conflict = `{ $option }` does not go together with `{ $other }`.
usage-invalid-value = `{ $value }` is no value of `{ $option }`; these are: { $values }.
usage-refused-value = `{ $value }` is no value of `{ $option }`: { $reason }.
usage-value-count = `{ $option }` has too many values or too few.
usage-not-text = An argument is not valid UTF-8.
usage-other = { $text }
usage-no-assignment = `{ $text }` is not of the form KEY=VALUE.
usage-line = The line cannot be read: { $reason }.
usage-selector = { $reason }.
usage-no-terminal = There is no terminal to ask on. If you mean it, add --yes.
usage-unknown-code = { $suggestion ->
    [none] There is no error code `{ $code }`. `mycelium explain` lists all.
   *[other] There is no error code `{ $code }`. Did you mean `{ $suggestion }`?
}
usage-mcp-in-process = Agents share the daemon, so `mcp serve` does not go together with `--no-daemon`.
usage-session-name = it has up to { $longest } letters, digits, hyphens, dots and underscores
usage-session-hook = Standard input is not what Claude Code tells its hooks: { $reason }.
usage-mcp-program = The path of this program is not valid UTF-8, so no configuration can name it.
usage-folder-not-empty = The folder { $path } is not empty.
usage-folder = The folder { $path } cannot be used: { $reason }.
usage-no-command = The line has options and no command.
usage-input = Standard input cannot be read: { $reason }
system-unsupported = Skills run in a sandbox of the Linux kernel, and there is none for `{ $system }` yet. So nothing runs here.
system-unsupported-help = Run Mycelium on Linux: in a virtual machine, in a container, or in WSL 2 on Windows.
usage-approval = An approval is `sha256:` and 64 hexadecimal digits, as `mycelium mcp skill` prints it.
usage-wrap-variable = `--env` takes the name of a variable, or NAME=VALUE; `{ $name }` is no name.
