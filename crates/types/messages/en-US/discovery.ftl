# What discovery says about folders and skills.

verdict-taken = it is { $skill }
verdict-duplicate = it is { $skill }, a name that { $winner } has too, with precedence
verdict-broken = { $errors ->
    [one] what it says of itself has one error
   *[other] what it says of itself has { $errors } errors
}
verdict-no-manifest = it has neither skill.json nor SKILL.md
verdict-ignored = the pattern `{ $pattern }` in { $file } excludes it
verdict-skipped = folders of this name are never searched
verdict-too-deep = it is more than { $most } folders below its root
verdict-seen = it is the same folder as { $first }
verdict-missing = it does not exist
verdict-not-a-folder = it is not a folder
verdict-unreadable = it cannot be read: { $reason }
verdict-too-many = only the first { $most } folders and files of a root are searched; this and what follows is left out

collision-duplicate = { $loser } in { $loser-source } is hidden by the same version in { $winner-source }
collision-server = { $loser } in { $loser-source } is not used: its name is that of { $winner } in { $winner-source }, and what an MCP server offered takes nobody's place
collision-shadow = { $winner } in { $winner-source } is used instead of { $loser } in { $loser-source } unless the version is named

folder-not-utf8 = The path of the folder is not UTF-8.
    .help = Rename the folder.
skill-files-missing = There is neither a skill.json nor a SKILL.md.
    .help = Name the folder of a skill.
manifest-link-leaves = The { $name } is a link that leads out of the skill's folder.
    .help = Put the file itself into the folder, or link the whole folder.
manifest-unreadable = The { $name } cannot be read: { $reason }

claude-settings-unreadable = The settings of Claude Code cannot be read: { $reason }
    .help = They count as if the file were not there.
claude-setting-unknown = `{ $field }` cannot be { $value }.
    .help = The value counts as if it were not there.

plugins-unreadable = The list of installed plugins cannot be read: { $reason }
    .help = Plugins are left out. Claude Code writes the list anew when a plugin is installed.
plugins-too-many = Only the first { $most } installed plugins are looked at.
plugin-missing = The folder { $path } of the plugin `{ $plugin }` does not exist.
    .help = Install the plugin again, or remove it.
plugin-unreadable = The plugin.json of `{ $plugin }` cannot be read: { $reason }
    .help = Only the plugin's `skills` folder is searched.

ignore-too-large = The ignore file is larger than { $most } KiB and has no effect.
ignore-too-many = The ignore file has more than { $most } lines; the rest has no effect.
ignore-unreadable = The ignore file cannot be read and has no effect: { $reason }
ignore-pattern = The pattern has no effect: { $reason }

registry-unknown-skill = there is no skill `{ $skill }`
registry-unknown-version = there is no version of `{ $skill }` in { $range }, only { $known }
registry-set-aside = The registry file was damaged; it was set aside under this name and started over ({ $reason }).
registry-in-memory = The registry file cannot be used, so manifests are read again next time: { $reason }
    .help = Free some disk space or change the permissions of the folder.
registry-newer = The registry file belongs to a newer version of Mycelium and is left alone, so manifests are read again next time.
