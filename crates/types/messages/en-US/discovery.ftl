# What discovery says about folders and skills.
