//! From tables to a program: a binary search over the call's number, then the argument tests.
//!
//! The kernel emulates the program once for every call number when it is loaded, so its length on
//! each path counts more than its length: the search makes loading 4 to 10 times cheaper than a
//! list of comparisons.

use super::Answer;
use super::Filter;
use super::Instruction;
use super::Listening;
use super::Rule;
use super::SECOND_SET;

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xC000_003E;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xC000_00B7;

// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
const ARGUMENTS: u32 = 16;

// Instructions of the classic packet filter machine.
const LOAD: u16 = 0x20;
const AND: u16 = 0x54;
const JUMP: u16 = 0x05;
const JUMP_IF_EQUAL: u16 = 0x15;
const JUMP_IF_AT_LEAST: u16 = 0x35;
const RETURN: u16 = 0x06;

/// The filter as the kernel runs it.
pub(crate) fn compile(filter: &Filter, listening: Listening) -> Vec<Instruction> {
    let mut program = vec![
        load(ARCH),
        jump(JUMP_IF_EQUAL, ARCHITECTURE, 1, 0),
        give(Answer::Kill, listening),
        load(NUMBER),
    ];
    program.extend(search(&ranges(filter), listening));
    program
}

/// Call numbers from `first` to the next range's are answered by one rule.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Range {
    first: u32,
    rule: Rule,
}

/// Every number there is, cut into ranges, in order.
fn ranges(filter: &Filter) -> Vec<Range> {
    let end = filter.last as usize + 1;
    let mut rules = vec![Rule::Always(filter.unlisted); end];
    for (number, rule) in filter.tables.iter().copied().flatten() {
        rules[*number as usize] = *rule;
    }
    let mut ranges: Vec<Range> = Vec::new();
    let newer = (end as u32, Rule::Always(filter.newer));
    let second = (SECOND_SET, Rule::Always(Answer::Kill));
    let known = rules.into_iter().enumerate();
    for (first, rule) in known
        .map(|(number, rule)| (number as u32, rule))
        .chain([newer, second])
    {
        if ranges.last().is_none_or(|range| range.rule != rule) {
            ranges.push(Range { first, rule });
        }
    }
    ranges
}

/// The program that answers when the number, which is loaded, is in `ranges`.
fn search(ranges: &[Range], listening: Listening) -> Vec<Instruction> {
    let [_, _, ..] = ranges else {
        return ranges
            .first()
            .map_or_else(Vec::new, |range| answer(&range.rule, listening));
    };
    let (lower, upper) = ranges.split_at(ranges.len() / 2);
    let pivot = upper[0].first;
    let lower = search(lower, listening);
    // A conditional jump reaches 255 instructions, an unconditional one any number.
    let mut program = match u8::try_from(lower.len()) {
        Ok(distance) => vec![jump(JUMP_IF_AT_LEAST, pivot, distance, 0)],
        Err(_) => vec![
            jump(JUMP_IF_AT_LEAST, pivot, 0, 1),
            jump(JUMP, lower.len() as u32, 0, 0),
        ],
    };
    program.extend(lower);
    program.extend(search(upper, listening));
    program
}

fn answer(rule: &Rule, listening: Listening) -> Vec<Instruction> {
    match rule {
        Rule::Always(answer) => vec![give(*answer, listening)],
        Rule::Cases { cases, otherwise } => {
            let mut program = Vec::new();
            for case in *cases {
                let halves: Vec<_> = case
                    .tests
                    .iter()
                    .flat_map(|test| {
                        // Arguments are 64 bits, the machine's words 32. Low half first.
                        [0u32, 4].map(|offset| {
                            let shift = offset * 8;
                            (
                                ARGUMENTS + test.argument * 8 + offset,
                                (test.mask >> shift) as u32,
                                (test.value >> shift) as u32,
                            )
                        })
                    })
                    .filter(|(_, mask, _)| *mask != 0)
                    .collect();
                // Every half takes three instructions; the answer follows the last one.
                for (index, (offset, mask, value)) in halves.iter().enumerate() {
                    let rest = (halves.len() - index - 1) * 3 + 1;
                    program.push(load(*offset));
                    program.push(Instruction {
                        code: AND,
                        jt: 0,
                        jf: 0,
                        k: *mask,
                    });
                    program.push(jump(JUMP_IF_EQUAL, *value, 0, rest as u8));
                }
                program.push(give(case.answer, listening));
            }
            program.push(give(*otherwise, listening));
            program
        }
    }
}

fn load(offset: u32) -> Instruction {
    Instruction {
        code: LOAD,
        jt: 0,
        jf: 0,
        k: offset,
    }
}

fn jump(code: u16, k: u32, jt: u8, jf: u8) -> Instruction {
    Instruction { code, jt, jf, k }
}

fn give(answer: Answer, listening: Listening) -> Instruction {
    Instruction {
        code: RETURN,
        jt: 0,
        jf: 0,
        k: match (answer, listening) {
            (Answer::Ask, _) | (Answer::Tell | Answer::Watch, Listening::Yes) => {
                libc::SECCOMP_RET_USER_NOTIF
            }
            (Answer::Allow, _) | (Answer::Watch, Listening::No) => libc::SECCOMP_RET_ALLOW,
            (Answer::Refuse(errno), _) => libc::SECCOMP_RET_ERRNO | errno as u32,
            (Answer::Tell, Listening::No) => libc::SECCOMP_RET_ERRNO | libc::EPERM as u32,
            (Answer::Kill, _) => libc::SECCOMP_RET_KILL_PROCESS,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::BARE;
    use super::super::EMBEDDED;
    use super::super::PROGRAM;
    use super::super::SEALED;
    use super::super::SEALED_ALONE;
    use super::*;

    const FILTERS: [&Filter; 5] = [&EMBEDDED, &BARE, &PROGRAM, &SEALED, &SEALED_ALONE];

    /// Runs a program as the kernel does.
    fn run(program: &[Instruction], architecture: u32, number: u32, arguments: [u64; 6]) -> u32 {
        let mut data = [0u32; 16];
        data[0] = number;
        data[1] = architecture;
        for (index, argument) in arguments.iter().enumerate() {
            data[4 + index * 2] = *argument as u32;
            data[5 + index * 2] = (*argument >> 32) as u32;
        }
        let (mut at, mut word) = (0usize, 0u32);
        loop {
            let Instruction { code, jt, jf, k } = program[at];
            at += 1;
            let mut branch = |condition| at += usize::from(if condition { jt } else { jf });
            match code {
                LOAD => word = data[k as usize / 4],
                AND => word &= k,
                JUMP => at += k as usize,
                JUMP_IF_EQUAL => branch(word == k),
                JUMP_IF_AT_LEAST => branch(word >= k),
                RETURN => return k,
                other => panic!("no such instruction: {other:#x}"),
            }
        }
    }

    #[test]
    fn the_programs_answer_as_the_tables_say() {
        for filter in FILTERS {
            for listening in [Listening::Yes, Listening::No] {
                compare(filter, listening);
            }
        }
    }

    fn compare(filter: &Filter, listening: Listening) {
        let program = compile(filter, listening);
        let mut samples = vec![[0; 6], [u64::MAX; 6]];
        for (_, rule) in filter.tables.iter().copied().flatten() {
            let Rule::Cases { cases, .. } = rule else {
                continue;
            };
            for case in *cases {
                let mut arguments = [0; 6];
                for test in case.tests {
                    arguments[test.argument as usize] = test.value;
                }
                samples.push(arguments);
                arguments[case.tests[0].argument as usize] |= 1 << 40;
                samples.push(arguments);
            }
        }
        for number in (0..600).chain([SECOND_SET - 1, SECOND_SET, SECOND_SET + 1, u32::MAX]) {
            for arguments in &samples {
                assert_eq!(
                    run(&program, ARCHITECTURE, number, *arguments),
                    give(filter.answer(number, arguments), listening).k,
                    "call {number} with {arguments:x?}"
                );
            }
        }
    }

    #[test]
    fn another_instruction_set_ends_the_process() {
        let program = compile(&EMBEDDED, Listening::Yes);
        assert_eq!(
            run(&program, 0x4000_0003, 0, [0; 6]),
            libc::SECCOMP_RET_KILL_PROCESS
        );
    }

    #[test]
    fn every_path_is_short_and_the_whole_fits() {
        for filter in FILTERS {
            let program = compile(filter, Listening::Yes);
            assert!(program.len() < 512, "{} instructions", program.len());
        }
    }

    #[test]
    fn no_call_is_listed_twice_or_beyond_the_last() {
        for filter in [&EMBEDDED, &PROGRAM] {
            let tables = filter.tables.iter().copied().flatten();
            let mut numbers: Vec<_> = tables.map(|(number, _)| *number).collect();
            numbers.sort_unstable();
            let twice = numbers.windows(2).find(|pair| pair[0] == pair[1]);
            assert_eq!(twice, None);
            assert!(
                numbers
                    .iter()
                    .all(|number| (0..=filter.last).contains(number))
            );
        }
    }

    #[test]
    fn large_tables_jump_farther_than_a_conditional_jump_reaches() {
        const CASES: &[super::super::Case] = &[super::super::Case {
            tests: &[super::super::Test {
                argument: 5,
                mask: u64::MAX,
                value: 7,
            }],
            answer: Answer::Allow,
        }];
        const RULE: Rule = Rule::Cases {
            cases: CASES,
            otherwise: Answer::Kill,
        };
        const TABLE: &[(libc::c_long, Rule)] = &{
            let mut table = [(0, RULE); 200];
            let mut index = 0;
            while index < table.len() {
                table[index].0 = index as libc::c_long * 2;
                index += 1;
            }
            table
        };
        let filter = Filter {
            tables: &[TABLE],
            unlisted: Answer::Refuse(1),
            last: 400,
            newer: Answer::Refuse(38),
        };
        let program = compile(&filter, Listening::No);
        for number in 0..500 {
            for value in [7, 7 << 32, 8] {
                let arguments = [0, 0, 0, 0, 0, value];
                assert_eq!(
                    run(&program, ARCHITECTURE, number, arguments),
                    give(filter.answer(number, &arguments), Listening::No).k
                );
            }
        }
    }
}
