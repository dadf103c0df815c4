# Remarks about skill.json, one entry for each kind.
