//! Words for the access policy in force: what it promises, where it stands, how to prove it.
//! Never a promise of its own: those come from the charter.

use super::words;

words! {
    TITLE = "Who may see footage" / "Ко сме да види снимке";
    LEAD = "These sentences are proved of the rules that this machine decides by: a solver has \
        looked for any person, request and time for which one of them would not hold, and there is \
        none. A change of the rules that breaks one cannot come into force."
        / "Ове реченице су доказане за правила по којима ова машина одлучује: решавач је тражио \
        било коју особу, захтев и тренутак за које нека од њих не би важила, и нема их. Измена \
        правила која неку прекрши не може да ступи на снагу.";
    SUSPENDED = "The rules that were activated last are not those that the public log names. \
        Nothing is decided until both bodies have activated rules again; recording goes on."
        / "Правила која су последња ступила на снагу нису она која јавни дневник помиње. Ни о \
        чему се не одлучује док оба тела поново не ставе правила на снагу; снимање тече даље.";
    NEVER = "What never happens" / "Шта се никада не дешава";
    ALWAYS = "What is always possible" / "Шта је увек могуће";
    LIMIT = "The solver proves the rules, not the program that tells it who asks and how far a \
        request is; that program is tested, and open to be read."
        / "Решавач доказује правила, а не програм који му каже ко тражи и докле је захтев стигао; \
        тај програм је испитан и отворен за читање.";
    IN_FORCE = "The rules in force" / "Правила на снази";
    HASH = "Their hash" / "Њихов отисак";
    SINCE = "In force since" / "На снази од";
    SINCE_START = "since this installation was set up: they came with the program"
        / "откако је ово постројење постављено: дошла су са програмом";
    ENTRY = "Entry of the public log" / "Упис јавног дневника";
    PROOF = "Hash of the proof’s transcript" / "Отисак записника доказа";
    TEXT = "The rules as they are decided by, in the language Cedar"
        / "Правила онако како се по њима одлучује, на језику Cedar";
    CHARTER = "The same sentences as rules" / "Исте реченице као правила";
    PROVE = "Prove it yourself" / "Докажите сами";
    PROVE_NOTE = "The first command fetches the texts from here; the second proves them on your \
        machine, and prints the transcript’s hash. It needs the program and a solver that is not \
        ours."
        / "Прва наредба доноси текстове одавде; друга их доказује на вашој машини и исписује \
        отисак записника. Потребни су програм и решавач који није наш.";
}
