# Remarks about a SKILL.md, one entry for each kind. Warnings are what the reference validator objects to.

agent-skill-lower-case = The file is called skill.md, which many agents do not find.
    .help = Rename it to SKILL.md.

agent-skill-breaks = The lines end with carriage returns; they are read like any other line breaks.

agent-skill-no-fence = The file does not begin with a front matter.
    .help = Begin it with a line `---`, the fields `name` and `description`, and another line `---`.

agent-skill-open = The front matter has no end.
    .help = End it with a line `---`.

agent-skill-character = The front matter has the character { $code }, which YAML does not allow.
    .help = Remove it.

agent-skill-yaml = The front matter is not YAML: { $reason }.
    .help = Put the value in double quotes if it has a colon, a `#`, or begins with another character than a letter.

agent-skill-yaml-large = The front matter has too many bytes, levels or values.
    .help = Move what is large below it.

agent-skill-strict-yaml = { $what ->
        [flow] Lists in brackets and mappings in braces are not part of strict YAML.
        [tag] Tags are not part of strict YAML.
        [anchor] Anchors are not part of strict YAML.
        [alias] Aliases are not part of strict YAML.
        [repeated] This key is here twice.
        [key] This key is a list or a mapping.
        [indentation] This mapping is indented differently from the one before it.
        [merge] Merging mappings with `<<` is not part of strict YAML.
       *[second-document] There is a second document.
    }
    .help = { $what ->
        [flow] Write one item a line, each after `- `, or put the value in quotes.
        [tag] Remove it, or put the value in quotes.
        [anchor] Write the value out, or put it in quotes.
        [alias] Write the value out, or put it in quotes.
        [repeated] Keep one of the two.
        [key] Write a text before the colon.
        [indentation] Indent both alike.
        [merge] Write the fields out.
       *[second-document] Remove the line `...` or what follows it.
    }

agent-skill-stray = A tab stands here outside of quotes.
    .help = Write spaces.

agent-skill-not-mapping = The front matter has no fields.
    .help = Write `name: …` and `description: …`, each on a line of its own.

agent-skill-missing = The field `{ $field }` is missing.
    .help = Add a line `{ $field }: …`.

agent-skill-empty = `{ $field }` is not a text, or an empty one.
    .help = Write a text after the colon.

agent-skill-foreign = { $owner ->
        [claude] The field `{ $field }` is Claude Code's own; the specification does not have it.
       *[none] The specification has no field `{ $field }`.
    }
    .help = { $suggestion ->
        [none] Move it into `metadata`, where every field is allowed, if other agents are to read the file.
       *[other] Did you mean `{ $suggestion }`?
    }

agent-skill-name = { $problem ->
        [case] The name has capital letters.
        [edge] The name begins or ends with a hyphen.
        [double] The name has two hyphens after one another.
        [character] The name has the character { $character }.
       *[folder] The name is `{ $name }` and the folder's is `{ $folder }`.
    }
    .help = { $problem ->
        [folder] Give both one name.
       *[other] A name has lower-case letters, digits and single hyphens between them.
    }

agent-skill-long = `{ $field }` has { $length } characters; at most { $most } are allowed.
    .help = Shorten it. Details belong below the front matter.

agent-skill-not-text = `{ $field }` is not a text; it is kept as JSON.
    .help = Put the value in quotes.

agent-skill-not-list = `{ $field }` is neither a list nor a text, and has no effect.
    .help = Write one item a line, each after `- `.

agent-skill-tools = { $form ->
        [list] `allowed-tools` is a list, which is understood here and by Claude Code.
       *[commas] `allowed-tools` has commas between tools, which is understood here and by Claude Code.
    }
    .help = For every agent, write them in one line with spaces between them.

agent-skill-not-switch = `{ $field }` is neither `true` nor `false`, so it counts as `{ $default }`.
    .help = Write `true` or `false`.

agent-skill-metadata = `metadata` has no fields, and has no effect.
    .help = Write one field a line below it, indented.

agent-skill-no-effect = The field `{ $field }` is not known here and has no effect.

agent-skill-hooks = `hooks` are run by Claude Code only.

agent-skill-shortened = Only the first { $most } characters of `{ $field }` are kept.
    .help = Details belong below the front matter, where an agent reads them when it needs them.

agent-skill-renamed = In commands the skill is called `{ $name }`.
    .help = Give it a name of lower-case letters `a` to `z`, digits and single hyphens to choose it yourself.

agent-skill-repaired = The front matter is not YAML; it is read as if the values of its fields were in quotes.
    .help = Put values with a colon in double quotes.
