//! Words for looking around: the front page, the list of cameras, the camera card.
//! Never promises more about a camera than its declaration says.

use super::words;

words! {
    TITLE = "{city}: what our cameras do" / "{city}: шта раде наше камере";
    TRUTH = "{cameras} on record here. This month {openings}, and {views}."
        / "На списку {cameras}. Овог месеца {openings}, а {views}.";
    CAMERAS_ARE = "{n} camera is|{n} cameras are"
        / "је {n} камера|су {n} камере|је {n} камера";
    OPENINGS = "stored footage was opened {n} time|stored footage was opened {n} times"
        / "сачувани снимци су отворени {n} пут|сачувани снимци су отворени {n} пута|сачувани \
        снимци су отворени {n} пута";
    OPENINGS_NONE = "no stored footage was opened" / "ниједан сачувани снимак није отворен";
    VIEWS = "cameras were watched live {n} time|cameras were watched live {n} times"
        / "слика уживо је гледана {n} пут|слика уживо је гледана {n} пута|слика уживо је \
        гледана {n} пута";
    VIEWS_NONE = "nobody watched a camera live" / "слику уживо нико није гледао";
    GLASS = "The break-glass account, an administrator’s rights for an hour, was opened {n} time \
        this month.|The break-glass account, an administrator’s rights for an hour, was opened {n} \
        times this month."
        / "Налог за невољу, права управника на један сат, отворен је {n} пут овог месеца.|Налог \
        за невољу, права управника на један сат, отворен је {n} пута овог месеца.|Налог за \
        невољу, права управника на један сат, отворен је {n} пута овог месеца.";
    TRUTH_NOTE = "Nobody can watch what is stored: it takes a case, a second person from another \
        body, and a key from each of two bodies. Every opening is in the public log first."
        / "Нико не може да гледа оно што је сачувано: потребни су предмет, друга особа из другог \
        тела и по један кључ из оба тела. Свако отварање је прво у јавном дневнику.";
    WHAT_HERE = "Which cameras are at my place?" / "Које су камере код мене?";
    SEARCH = "Street, place, or name of a camera" / "Улица, место или име камере";
    SEARCH_HINT = "In any script, with or without accents: Kaivokatu, kaivokatu, Каивокату."
        / "Било којим писмом, са квачицама или без њих: Kaivokatu, kaivokatu, Каивокату.";
    SEARCH_GO = "Find" / "Нађите";
    SHOW_ALL = "Show all cameras" / "Прикажите све камере";
    LIST = "All cameras" / "Све камере";
    LIST_SOME = "The first {n} of {all}|The first {n} of {all}"
        / "Прва {n} од {all}|Прве {n} од {all}|Првих {n} од {all}";
    LIST_WHOLE = "The whole list" / "Цео списак";
    LIST_LINE = "{n} camera. Each name leads to who answers for it.|{n} cameras. Each name leads \
        to who answers for it."
        / "{n} камера. Име води до тога ко за њу одговара.|{n} камере. Свако име води до тога ко \
        за њу одговара.|{n} камера. Свако име води до тога ко за њу одговара.";
    NO_CAMERA = "No camera is declared yet. Those who run the machine enrol the first one."
        / "Још није пријављена ниједна камера. Прву пријављују они који воде машину.";
    NEAR = "Near {place}" / "У близини: {place}";
    NEAR_LINE = "{n} camera stands within {m} m, the nearest first.|{n} cameras stand within \
        {m} m, the nearest first."
        / "{n} камера стоји до {m} м одавде, најближа прва.|{n} камере стоје до {m} м одавде, \
        најближа прва.|{n} камера стоји до {m} м одавде, најближа прва.";
    NEAR_NONE = "No camera stands within {m} m. These are the nearest:"
        / "Ниједна камера не стоји до {m} м одавде. Ово су најближе:";
    STREET_ONLY = "The map knows no house numbers: distances are to the whole of {place}."
        / "Мапа не зна кућне бројеве: раздаљине су до целог места {place}.";
    NAMED = "With these words in name, place or office"
        / "Са овим речима у имену, месту или служби";
    FOUND_NONE = "No camera and no street here is called “{q}”."
        / "Овде се ниједна камера ни улица не зове „{q}“.";
    FOUND_NONE_TRY = "Try fewer letters or a street beside it, or look through the whole list."
        / "Покушајте са мање слова или са суседном улицом, или прегледајте цео списак.";
    ALSO = "Also called so:" / "Тако се зову и:";
    METRES = "{n} m away|{n} m away" / "{n} м одавде|{n} м одавде|{n} м одавде";
    KEPT = "kept {n} h|kept {n} h" / "чува се {n} ч|чува се {n} ч|чува се {n} ч";
    PAGES = "Pages of the list" / "Странице списка";
    BEFORE = "Previous" / "Претходна";
    AFTER = "Next" / "Следећа";
    PAGE_OF = "Page {n} of {all}|Page {n} of {all}"
        / "Страница {n} од {all}|Страница {n} од {all}|Страница {n} од {all}";

    MAP = "Map of the cameras" / "Мапа камера";
    MAP_SCRIPT = "The map needs JavaScript. The list holds the same cameras."
        / "Мапи је потребан JavaScript. Списак садржи исте камере.";
    MAP_WAIT = "Drawing the map…" / "Мапа се црта…";
    MAP_NONE = "This browser cannot draw the map (no WebGL). The list holds the same cameras."
        / "Овај прегледач не може да нацрта мапу (нема WebGL). Списак садржи исте камере.";
    MAP_BARE = "The base map could not be loaded; the cameras stand at their right places."
        / "Подлога мапе није учитана; камере стоје на својим местима.";
    MAP_GONE = "The map could not be loaded. The list holds the same cameras."
        / "Мапа није учитана. Списак садржи исте камере.";

    CARD = "Camera {n}|Camera {n}" / "Камера {n}|Камера {n}|Камера {n}";
    FACES = "Looks towards" / "Гледа ка";
    ACCOUNTABLE = "Who answers for it" / "Ко за њу одговара";
    PURPOSE = "Purpose" / "Сврха";
    BASIS = "Legal basis" / "Правни основ";
    RETENTION = "Kept for" / "Чува се";
    RETENTION_H = "{n} hour, then the key is destroyed and nobody can read it|{n} hours, then the \
        key is destroyed and nobody can read it"
        / "{n} сат, затим се кључ уништава и нико више не може да је прочита|{n} сата, затим се \
        кључ уништава и нико више не може да је прочита|{n} сати, затим се кључ уништава и нико \
        више не може да је прочита";
    ANALYSED = "What is analysed" / "Шта се анализира";
    ANALYSED_NONE = "Nothing: the picture is recorded and sealed only."
        / "Ништа: слика се само снима и печати.";
    DEVICE = "Device" / "Уређај";
    ORIGIN = "Origin" / "Порекло";
    OPENED = "Openings so far" / "Досадашња отварања";
    OPENED_NOT_BY_CAMERA = "The public log says how often footage is opened and how much of it, \
        but not of which camera: that would point to people and investigations. Of all {cameras}: \
        {openings} since the log began."
        / "Јавни дневник каже колико се често снимци отварају и у којој мери, али не са које \
        камере: то би указивало на људе и истраге. Са свих, а то је {cameras}: {openings} откад \
        дневник постоји.";
    TIMES = "{n} opening|{n} openings" / "{n} отварање|{n} отварања|{n} отварања";
    CAMERAS_N = "{n} camera|{n} cameras" / "{n} камера|{n} камере|{n} камера";
    RIGHTS = "Your rights" / "Ваша права";
    RIGHTS_ASK = "You may have the footage that shows you. Ask soon: what is asked for is kept \
        from destruction at once."
        / "Имате право на снимак на коме сте ви. Тражите што пре: оно што затражите одмах се \
        изузима од уништења.";
    RIGHTS_ASK_GO = "Ask for footage of yourself from this camera"
        / "Затражите свој снимак са ове камере";
    RIGHTS_COMPLAIN = "If this camera should not stand here, or does not do what is written here, \
        say so."
        / "Ако ова камера овде не треба да стоји или не ради оно што овде пише, јавите.";
    RIGHTS_COMPLAIN_GO = "Complain about this camera" / "Поднесите притужбу због ове камере";
    NEIGHBOURS = "Nearest cameras" / "Најближе камере";
    BACK = "All cameras" / "Све камере";
    CARD_NONE = "No camera with this number is declared"
        / "Није пријављена камера са овим бројем";
    CARD_NONE_TRY = "It may have been retired. The list holds all that are declared now."
        / "Можда је уклоњена. На списку су све које су сада пријављене.";

    NORTH = "north" / "северу";
    NORTH_EAST = "north-east" / "североистоку";
    EAST = "east" / "истоку";
    SOUTH_EAST = "south-east" / "југоистоку";
    SOUTH = "south" / "југу";
    SOUTH_WEST = "south-west" / "југозападу";
    WEST = "west" / "западу";
    NORTH_WEST = "north-west" / "северозападу";
    AROUND = "all around" / "на све стране";

    P_INVESTIGATION = "Criminal investigation" / "Кривична истрага";
    P_DANGER = "Danger to life" / "Опасност по живот";
    P_SUBJECT = "A resident’s own footage" / "Снимак самог грађанина";
    P_LIVE = "Live view in an incident" / "Слика уживо у ванредном догађају";
    P_AUDIT = "Audit sample" / "Узорак за ревизију";

    B_PKL_7 = "Coercive Measures Act (806/2011), chapter 7: securing evidence"
        / "Закон о принудним мерама (806/2011), глава 7: обезбеђење доказа";
    B_POLL_4_3 = "Police Act (872/2011), chapter 4 section 3: information for an official duty"
        / "Закон о полицији (872/2011), глава 4 члан 3: подаци за службену дужност";
    B_POLL_2_6 = "Police Act (872/2011), chapter 2 section 6: averting danger to life or health"
        / "Закон о полицији (872/2011), глава 2 члан 6: отклањање опасности по живот или здравље";
    B_GDPR_15 = "GDPR (2016/679), Article 15: a person’s access to data about them"
        / "Општа уредба о заштити података (2016/679), члан 15: приступ сопственим подацима";
    B_LED_14 = "LED (2016/680), Article 14: a person’s access to data about them"
        / "Полицијска директива (2016/680), члан 14: приступ сопственим подацима";
    B_LED_47 = "LED (2016/680), Article 47: investigative powers of the oversight body"
        / "Полицијска директива (2016/680), члан 47: истражна овлашћења надзорног тела";
}
