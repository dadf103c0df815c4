'use strict';

// Words of a text and their stems.

const STOP_WORDS = new Set(`a about above across after again against all almost along already also although always am
among an and another any anybody anyone anything anyway are around as at away back be became because become been before
being below between both but by came can cannot come could did do does doing done down during each either else enough
especially etc even ever every everybody everyone everything everywhere few first for from further get gets getting give
given go goes going gone got had has have having he her here hers him his how however i if in inside instead into is it its
itself just keep keeps kept last least less let like little ll lot made make makes making many may maybe me might mine more
most much must my myself near need needed needs neither never new next no nobody none nor not nothing now of off often
old on once one only onto or other others our ours out over own per perhaps please put quite rather re really s same seem
seems several shall she should since so some somebody someone something sometimes somewhere soon still such t take taken
takes than that the their theirs them then there these they thing things this those though three through thus to together
too toward towards two under until up upon us use used user uses using usually ve very via want wanted wants was way we well
went were what whatever when where whether which while who whole whom whose why will with within without would yes yet you
your yours yourself d m don doesn didn isn aren wasn weren won couldn shouldn wouldn hasn haven hadn`.split(/\s+/));

/** Words that are so common in any text that they say little about what it is about. */
const COMMON_WORDS = new Set(`able accept add age agree air allow answer appear apply arrive ask bad bank base begin believe best better big
body book bring build business buy call car care carry case cause center change check child choose city clear close
come company complete consider contain continue control cost country course cover create cut day deal decide deep die
different difficult door draw drive drop early east easy eat end enter event eye face fact fall far father feel field
fight fill final find fine finish fire five follow food force form four free friend full game general great ground group
grow hand happen hard head hear heart heat help high hit hold home hope hour house hundred idea important include
increase interest job join keep kill kind know land large late laugh law lead learn leave letter level life light line
list listen live local long look lose love low main man mark market matter mean meet member mind minute miss month
morning mother move name nation nature night note number offer office open order paper parent part party pass past pay
people person pick picture piece place plan plane play point poor position possible power present president press price
problem produce public pull push question quick rate reach read ready real reason receive record remain remember report
rest result return rich ride right rise river road rock room rule run save say school sea second see self sell send
sense serve service set short show side sign simple sit size sleep small sound speak special spend stand star start
state stay step stop store story street strong student study sudden sun support sure table talk tall teach team tell
ten test think thousand time today top total touch town trade train travel tree true try turn understand unit value
visit voice wait walk wall war watch water week weight west win wind window woman wonder word work world write wrong
year young`.split(/\s+/));

/** The most letters of one word that count. */
const LONGEST_WORD = 40;

/**
 * The words of a text in lower case, in order. `C++` and `C#` are words; what hyphens and underscores
 * join is several.
 * @param {string} text
 * @returns {string[]}
 */
function words(text) {
  const plain = text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/['\u2019]/g, ' ');
  const found = plain.match(/[\p{L}\p{N}]+(?:\+\+|#)?/gu) || [];
  return found.map((word) => (word.length > LONGEST_WORD ? word.slice(0, LONGEST_WORD) : word));
}

/** Whether a word says nothing about what a text is about. */
function isStopWord(word) {
  return STOP_WORDS.has(word) || (word.length === 1 && !/[\p{L}]/u.test(word));
}

/** Whether a word is so common that it says little. */
function isCommon(word) {
  return COMMON_WORDS.has(word);
}

/**
 * The stem of a word in lower case, after M. F. Porter, "An algorithm for suffix stripping", 1980.
 * @param {string} word
 * @returns {string}
 */
function stem(word) {
  return /^[a-z]{3,}$/.test(word) ? porter(word) : word;
}

/** The shape of a word: `c` for each consonant and `v` for each vowel. */
function shape(word) {
  let letters = '';
  for (let at = 0; at < word.length; at += 1) {
    const isVowel = 'aeiou'.includes(word[at]) || (word[at] === 'y' && letters[at - 1] === 'c');
    letters += isVowel ? 'v' : 'c';
  }
  return letters;
}

/** Porter's measure: how many times consonants follow vowels. */
function measure(word) {
  return shape(word).replace(/v+/g, 'v').replace(/c+/g, 'c').split('vc').length - 1;
}

function hasVowel(word) {
  return shape(word).includes('v');
}

function endsDouble(word) {
  const last = word[word.length - 1];
  return word.length > 1 && last === word[word.length - 2] && shape(word).endsWith('c');
}

/** Whether a word ends like `hop`: consonant, vowel, and a consonant that is not `w`, `x` or `y`. */
function endsShort(word) {
  return shape(word).endsWith('cvc') && !/[wxy]$/.test(word);
}

/** Replaces the first ending of a list that fits, if what is left before it passes. */
function replaceEnding(word, endings, passes) {
  for (const [ending, replacement] of endings) {
    if (word.endsWith(ending)) {
      const left = word.slice(0, word.length - ending.length);
      return passes(left) ? left + replacement : word;
    }
  }
  return word;
}

const STEP_2 = [
  ['ational', 'ate'], ['tional', 'tion'], ['enci', 'ence'], ['anci', 'ance'], ['izer', 'ize'], ['abli', 'able'],
  ['alli', 'al'], ['entli', 'ent'], ['eli', 'e'], ['ousli', 'ous'], ['ization', 'ize'], ['ation', 'ate'], ['ator', 'ate'],
  ['alism', 'al'], ['iveness', 'ive'], ['fulness', 'ful'], ['ousness', 'ous'], ['aliti', 'al'], ['iviti', 'ive'],
  ['biliti', 'ble'],
];
const STEP_3 = [
  ['icate', 'ic'], ['ative', ''], ['alize', 'al'], ['iciti', 'ic'], ['ical', 'ic'], ['ful', ''], ['ness', ''],
];
const STEP_4 = [
  'al', 'ance', 'ence', 'er', 'ic', 'able', 'ible', 'ant', 'ement', 'ment', 'ent', 'ion', 'ou', 'ism', 'ate', 'iti', 'ous',
  'ive', 'ize',
].map((ending) => [ending, '']);

function porter(word) {
  let now = replaceEnding(word, [['sses', 'ss'], ['ies', 'i'], ['ss', 'ss'], ['s', '']], () => true);
  if (now.endsWith('eed')) {
    now = replaceEnding(now, [['eed', 'ee']], (left) => measure(left) > 0);
  } else {
    const shorter = replaceEnding(now, [['ed', ''], ['ing', '']], hasVowel);
    if (shorter !== now) {
      now = restore(shorter);
    }
  }
  now = replaceEnding(now, [['y', 'i']], hasVowel);
  now = replaceEnding(now, STEP_2, (left) => measure(left) > 0);
  now = replaceEnding(now, STEP_3, (left) => measure(left) > 0);
  now = replaceEnding(now, STEP_4, (left) => measure(left) > 1 && (!now.endsWith('ion') || /[st]$/.test(left)));
  now = replaceEnding(now, [['e', '']], (left) => measure(left) > 1 || (measure(left) === 1 && !endsShort(left)));
  return measure(now) > 1 && endsDouble(now) && now.endsWith('l') ? now.slice(0, -1) : now;
}

/** Makes a word of what is left without `ed` or `ing`. */
function restore(left) {
  if (/(?:at|bl|iz)$/.test(left)) {
    return `${left}e`;
  }
  if (endsDouble(left) && !/[lsz]$/.test(left)) {
    return left.slice(0, -1);
  }
  return measure(left) === 1 && endsShort(left) ? `${left}e` : left;
}

/** The stems of the words of a text that say something, each once. */
function contentStems(text) {
  return [...new Set(words(text).filter((word) => !isStopWord(word)).map(stem))];
}

module.exports = { contentStems, isCommon, isStopWord, stem, words };
