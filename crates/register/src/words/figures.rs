//! Words for the figures, for checking them, and for the feed.
//! Never rounds a count into a word.

use super::words;

words! {
    TITLE = "How often footage is opened" / "Колико се често снимци отварају";
    LEAD = "All figures are counted from the public log and from nothing else, so anybody can \
        count them again. Months are months of UTC."
        / "Све бројке су избројане из јавног дневника и ни из чега другог, па свако може поново \
        да их изброји. Месеци су по времену UTC.";
    NOTHING = "Nothing has been opened yet. As soon as something is, it stands here and in the log."
        / "Још ништа није отворено. Чим нешто буде, стајаће овде и у дневнику.";
    BY_MONTH = "By month" / "По месецима";
    BY_BODY = "By body that asked" / "По телу које је тражило";
    BY_PURPOSE = "By purpose" / "По сврси";
    EVERYTHING = "Everything by month" / "Све по месецима";
    CHART = "Bar chart. The table beside it holds the same figures."
        / "Стубичасти графикон. Табела поред њега садржи исте бројке.";
    MONTH = "Month" / "Месец";
    BODY = "Body" / "Тело";
    PURPOSE = "Purpose" / "Сврха";
    OPENINGS = "Openings" / "Отварања";
    TOTAL = "All" / "Укупно";
    REQUESTS = "Requests" / "Захтеви";
    APPROVALS = "Approved" / "Одобрено";
    REFUSALS = "Refused" / "Одбијено";
    MINUTES = "Camera minutes opened" / "Отворено минута камера";
    EXPORTS = "Exports" / "Извози";
    LIVE_VIEWS = "Live views" / "Гледања уживо";
    HOLDS = "Holds" / "Задржавања";
    GLASS_OPENED = "Break-glass account opened" / "Отварања налога за невољу";
    GLASS_USED = "Uses of it" / "Његове употребе";
    KEYS = "Keys destroyed" / "Уништени кључеви";
    UNKNOWN_PURPOSE = "Not in the log" / "Није у дневнику";
    POLICE = "Police" / "Полиција";
    OVERSIGHT = "Oversight body" / "Надзорно тело";
    CITY = "City" / "Град";
    SCROLLS = "{title}, table" / "{title}, табела";
    AS_DATA = "The same figures as data" / "Исте бројке као подаци";

    CHECK_TITLE = "How to check us" / "Како да нас проверите";
    CHECK_LEAD = "You need not believe this page. Every opening, refusal, export and destroyed key \
        is an entry in a public log that can only grow, and its every entry is signed for by one \
        key. Anyone may copy the log and check it with no network at all."
        / "Овој страници не морате да верујете. Свако отварање, одбијање, извоз и уништен кључ је \
        упис у јавном дневнику који може само да расте, а за све уписе јамчи потпис једног \
        кључа. Свако сме да препише дневник и да га провери без икакве мреже.";
    CHECK_KEY = "1. Write down the log’s key" / "1. Запишите кључ дневника";
    CHECK_KEY_NOTE = "Compare it with somebody else’s copy: the city cannot show two people two \
        logs under one key without being caught. It also stands at {link}."
        / "Упоредите га са туђим преписом: град не може двома људима да покаже два дневника под \
        истим кључем, а да се то не открије. Стоји и на {link}.";
    CHECK_COPY = "2. Copy the log" / "2. Препишите дневник";
    CHECK_COPY_NOTE = "The first line fetches the signed head, the second every file that belongs \
        to it. The log has {n} entry now.|The first line fetches the signed head, the second every \
        file that belongs to it. The log has {n} entries now."
        / "Први ред преузима потписан врх, други све датотеке које му припадају. Дневник сада \
        има {n} упис.|Први ред преузима потписан врх, други све датотеке које му припадају. \
        Дневник сада има {n} уписа.|Први ред преузима потписан врх, други све датотеке које му \
        припадају. Дневник сада има {n} уписа.";
    CHECK_VERIFY = "3. Check it, offline" / "3. Проверите га, без мреже";
    CHECK_VERIFY_NOTE = "The program recomputes every entry and the root, and compares them with \
        the signature. Build it yourself from the source, or use any other checker of this open \
        format (C2SP tlog-tiles)."
        / "Програм поново израчунава сваки упис и корен и пореди их са потписом. Сами га \
        направите из изворног кода или узмите било који други проверивач овог отвореног формата.";
    CHECK_SINCE = "4. Come back, and see that nothing was taken away"
        / "4. Вратите се и уверите се да ништа није уклоњено";
    CHECK_SINCE_NOTE = "Keep today’s head. Copy the log again later into an empty folder, and the \
        program proves that the new log begins with all that you saw today."
        / "Сачувајте данашњи врх. Касније поново препишите дневник у празну фасциклу, и програм \
        доказује да нови дневник почиње свим оним што сте данас видели.";
    CHECK_WITNESSES = "5. See who outside the city has signed it"
        / "5. Погледајте ко га је изван града потписао";
    CHECK_WITNESSES_NOTE = "These bodies sign the log’s head, and only if it holds all that they \
        signed before. Custodians’ machines open nothing that too few of them have signed. Whom \
        you believe is for you to say: write your own list, or begin with the city’s at {link}."
        / "Ова тела потписују врх дневника, и то само ако он садржи све што су раније потписала. \
        Машине чувара не отварају ништа што је потписало премало њих. Коме верујете, кажете сами: \
        напишите свој списак или пођите од градског, на {link}.";
    CHECK_WITNESS_SIGNED = "signed {n} entry, {at}|signed {n} entries, {at}"
        / "потписан {n} упис, {at}|потписана {n} уписа, {at}|потписано {n} уписа, {at}";
    CHECK_WITNESS_SILENT = "does not answer" / "не одговара";
    CHECK_WITNESS_NOT_YET = "has signed nothing yet" / "још ништа није потписало";
    CHECK_WITNESSES_NONE = "No such bodies are set up here, so no footage can be opened."
        / "Овде таква тела нису постављена, па се ниједан снимак не може отворити.";
    CHECK_WITNESSES_TRY = "The proof of one entry, checked without our program (the checker is in \
        the source, and short; read it first):"
        / "Доказ једног уписа, проверен без нашег програма (проверивач је у изворном коду и кратак \
        је; прво га прочитајте):";
    CHECK_BROWSER = "In the browser" / "У прегледачу";
    CHECK_BROWSER_NOTE = "The auditor’s window checks signature and proofs on your own machine, \
        and says each entry in plain words."
        / "Прозор ревизора проверава потпис и доказе на вашој машини и сваки упис каже обичним \
        речима.";
    CHECK_BROWSER_GO = "Open the auditor’s window" / "Отворите прозор ревизора";

    FEED_TITLE = "{city}: openings of footage" / "{city}: отварања снимака";
    FEED_ABOUT = "Openings, refusals, live views, holds, the break-glass account, and cameras that \
        come and go, from the public log. No names, no places."
        / "Отварања, одбијања, гледања уживо, задржавања, налог за невољу и камере које се уводе и \
        уклањају, из јавног дневника. Без имена и места.";
    N_OPENING = "Footage opened for: {body}" / "Снимак отворен, тражи: {body}";
    N_REFUSAL = "A request was refused by: {body}" / "Захтев одбијен, одбија: {body}";
    N_LIVE = "Live view opened for: {body}" / "Слика уживо отворена, тражи: {body}";
    N_HOLD = "Footage held beyond its time, asked by: {body}"
        / "Снимак задржан преко рока, тражи: {body}";
    N_ENROLLED = "A camera was enrolled" / "Камера је уведена";
    N_GLASS = "The break-glass account was opened by a custodian of each group"
        / "Налог за невољу отворио је по један чувар кључа из обе групе";
    N_RETIRED = "A camera was retired" / "Камера је уклоњена";
    N_MUCH = "{cameras}, {seconds} s each." / "{cameras}, по {seconds} с.";
    N_UNTIL = "Until {until} at the longest, to be reviewed by {review}."
        / "Најдуже до {until}, преиспитује се до {review}.";
    N_ENTRY = "Entry {index} of the public log." / "Упис {index} јавног дневника.";
}
