# Remarks about any JSON document, and how a remark is shown.
# `$field` is the path of the value the remark is about.

diagnostic-severity = { $severity ->
        [error] error
        [warning] warning
       *[note] note
    }
diagnostic-help = help: { $help }

document-too-large = The file has { $size } bytes; no more than { $limit } are read.
    .help = Move large data into a file of its own.

document-too-deep = Lists and objects are nested more than { $limit } levels deep.
    .help = Flatten the data; a well-formed file of this kind needs a handful of levels.

document-too-many-values = The file has more than { $limit } values.
    .help = Move large data into a file of its own.

document-not-utf8 = The file is not UTF-8 text: the byte { $byte } belongs to no character.
    .help = Save the file as UTF-8.

document-byte-order-mark = The file starts with a byte order mark, which JSON does not have; it is ignored.
    .help = Save the file as UTF-8 without a byte order mark.

document-syntax = { $problem ->
        [comment] JSON has no comments.
        [trailing-comma] JSON has no comma after the last item.
        [missing-comma] A comma is missing here.
        [missing-colon] A colon is missing between a name and its value.
        [missing-value] A value is missing after the colon.
        [name-without-quotes] A name must be in double quotes.
        [single-quotes] A string must be in double quotes.
        [second-value] The document ends before this; it can have only one value.
        [open-list] The list that starts here has no end.
        [open-object] The object that starts here has no end.
        [open-comment] The comment that starts here has no end.
        [string] This string has no end or an escape that JSON does not have.
        [number] This is not a number as JSON writes one.
        [number-range] This number is too large.
        [character] This character cannot stand here in JSON.
        [empty] The file is empty.
       *[unexpected] This cannot stand here in JSON.
    }
    .help = { $problem ->
        [comment] Remove the comment.
        [trailing-comma] Remove the comma.
        [missing-comma] Put a comma between the two values.
        [missing-colon] Write "name": value.
        [missing-value] Write "name": value.
        [name-without-quotes] Put the name in double quotes.
        [single-quotes] Put it in double quotes.
        [second-value] Remove what follows the first value.
        [open-list] Add the missing ].
        [open-object] Add the missing {"}"}.
        [open-comment] Add the missing */.
        [string] Escapes are \" \\ \/ \b \f \n \r \t and \u with four hexadecimal digits.
        [number] Write digits, with a dot or an exponent if need be, such as 12, 0.5 or 1e3.
        [number-range] Write a smaller number.
        [character] In strings write \t, \n or \u escapes; between values use spaces, tabs and line breaks.
        [empty] Write an object into it, at least {"{}"}.
       *[unexpected] Values are strings in double quotes, numbers, true, false, null, lists and objects.
    }

document-repeated-name = `{ $name }` is set again here, and programs differ in which of the two counts.
    .help = Keep one of them.

document-left-out = { $count ->
        [one] One more remark is not shown.
       *[other] { $count } more remarks are not shown.
    }
    .help = Correct those shown and look again.

field-missing = `{ $field }` is missing.
    .help = { $field ->
        [name] Add the skill's name: lower-case letters, digits and hyphens, such as "name": "hello-world".
        [version] Add the skill's version, such as "version": "1.0.0".
        [description] Add what the skill does, in one or two sentences.
        [entrypoint] Add the file to load, such as "entrypoint": "index.js".
        [exports] Add the functions the skill offers, such as "exports": ["greet"].
       *[other] Add it.
    }

field-unknown = There is no field `{ $field }`; it is ignored.
    .help = { $suggestion ->
        [none] Known here: { $known }.
       *[other] Did you mean `{ $suggestion }`?
    }

field-null = `{ $field }` is null.
    .help = Give it a value or leave it out.

field-wrong-type = `{ $field }` must be { $expected ->
        [bool] true or false
        [whole-number] a whole number
        [text] a string
        [list] a list
        [list-of-text] a list of strings
        [object] an object
        [text-or-object] a string or an object
       *[list-or-object] a list or an object
    }, not { $found ->
        [null] null
        [bool] true or false
        [number] this number
        [text] a string
        [list] a list
        [mixed-list] a list with something else in it
       *[object] an object
    }.
    .help = { $expected ->
        [bool] Write true or false without quotes.
        [whole-number] Write the digits without quotes or a dot.
        [text] Put it in double quotes.
        [list] Put it in square brackets.
        [list-of-text] Write ["one", "two"].
        [object] Write {"{"} "name": value {"}"}.
        [text-or-object] See the field's description in the published JSON Schema.
       *[list-or-object] See the field's description in the published JSON Schema.
    }

value-unknown = `{ $value }` is not a value of `{ $field }`.
    .help = { $suggestion ->
        [none] Known values: { $known }.
       *[other] Did you mean `{ $suggestion }`? Known values: { $known }.
    }

value-out-of-range = `{ $field }` must be { $range ->
        [from] at least { $min }
       *[between] between { $min } and { $max }
    }, not { $value }.
    .help = Write a number in that range.
