//! Words of the two forms: asking for footage of oneself, and complaining.
//! Never asks for a picture, nor how somebody looks.

use super::words;

words! {
    ASK_TITLE = "Ask for footage of yourself" / "Затражите свој снимак";
    ASK_LEAD = "You may see what our cameras recorded of you (GDPR, Article 15). Say where and \
        when you were there; nothing else is needed. What you ask for is kept from destruction at \
        once, and you have an answer within one month."
        / "Имате право да видите шта су наше камере снимиле о вама (Општа уредба о заштити \
        података, члан 15). Реците где сте и када били; ништа друго није потребно. Оно што \
        затражите одмах се изузима од уништења, а одговор добијате у року од месец дана.";
    ASK_NO_PICTURE = "Do not send a picture of yourself. You need not say how you look; what would \
        help to find the right minutes is enough."
        / "Не шаљите своју слику. Не морате да опишете како изгледате; довољно је оно што помаже \
        да се нађу прави минути.";
    ASK_LETTER = "This city does not take the request by form yet. Write a letter instead; it \
        has the same force and the same month:"
        / "Овај град захтев још не прима преко обрасца. Пишите; писмо има исту снагу и исти рок:";
    ASK_LETTER_WHAT = "Write: your name and where the answer shall go; the street or the numbers \
        of the cameras; the day, from when to when; what helps to find the minutes. Write soon: \
        footage is kept {n} hour.|Write: your name and where the answer shall go; the street or the \
        numbers of the cameras; the day, from when to when; what helps to find the minutes. Write \
        soon: footage is kept for {n} hours at most."
        / "Напишите: име и куда да стигне одговор; улицу или бројеве камера; дан, од када до када; \
        шта помаже да се нађу минути. Пишите што пре: снимци се чувају најдуже {n} сат.|Напишите: \
        име и куда да стигне одговор; улицу или бројеве камера; дан, од када до када; шта помаже \
        да се нађу минути. Пишите што пре: снимци се чувају најдуже {n} сата.|Напишите: име и \
        куда да стигне одговор; улицу или бројеве камера; дан, од када до када; шта помаже да се \
        нађу минути. Пишите што пре: снимци се чувају најдуже {n} сати.";
    OFFICER = "The city’s data-protection officer" / "Градско лице за заштиту података";
    AUTHORITY = "The supervisory authority" / "Надзорни орган";
    OFFICER_UNSET = "The city has not entered the officer’s address here yet; write to the city \
        hall, “data-protection officer”."
        / "Град још није уписао адресу; пишите градској управи, „лицу за заштиту података“.";
    AUTHORITY_UNSET = "The city has not entered the authority here yet; it is your country’s \
        data-protection authority."
        / "Град још није уписао орган; то је орган за заштиту података ваше државе.";

    WHERE = "Where" / "Где";
    WHICH = "Cameras" / "Камере";
    WHICH_HINT = "Tick the camera that you passed, at most {n}.|Tick the cameras that you passed, \
        at most {n}; if you passed more, send a second request."
        / "Означите камеру поред које сте прошли, највише {n}.|Означите камере поред којих сте \
        прошли, највише {n}; ако их је било више, пошаљите још један захтев.|Означите камере поред \
        којих сте прошли, највише {n}; ако их је било више, пошаљите још један захтев.";
    WHICH_FIND = "Street, place, or name of a camera" / "Улица, место или име камере";
    WHICH_FIND_HINT = "Then press “Show cameras there” and tick those that you passed."
        / "Затим притисните „Прикажите тамошње камере“ и означите оне поред којих сте прошли.";
    WHICH_FIND_GO = "Show cameras there" / "Прикажите тамошње камере";
    WHEN = "When" / "Када";
    DAY = "Day" / "Дан";
    DAY_HINT = "As year-month-day, e.g. {example}." / "Као година-месец-дан, нпр. {example}.";
    FROM = "From" / "Од";
    TO = "To" / "До";
    TIME_HINT = "Hours and minutes in the city’s time, e.g. 14:05; at most {n} hour, past midnight \
        is fine.|Hours and minutes in the city’s time, e.g. 14:05; at most {n} hours, past \
        midnight is fine."
        / "Сати и минути по градском времену, нпр. 14:05; највише {n} сат, може и преко \
        поноћи.|Сати и минути по градском времену, нпр. 14:05; највише {n} сата, може и преко \
        поноћи.|Сати и минути по градском времену, нпр. 14:05; највише {n} сати, може и преко \
        поноћи.";
    TOLD = "What helps to find the minutes" / "Шта помаже да се нађу минути";
    TOLD_HINT = "For example: I came off the tram and crossed towards the station. You may leave \
        this empty."
        / "На пример: изашао сам из трамваја и прешао према станици. Можете оставити празно.";
    YOU = "You" / "Ви";
    NAME = "Your name" / "Ваше име";
    CONTACT = "How the answer reaches you" / "Како до вас стиже одговор";
    CONTACT_HINT = "A postal address or an e-mail address. It is used for the answer only."
        / "Поштанска адреса или адреса е-поште. Користи се само за одговор.";
    OPTIONAL = "(optional)" / "(није обавезно)";
    SEND_ASK = "Send and keep the footage from destruction"
        / "Пошаљите и изузмите снимке од уништења";
    WHAT_THEN = "What happens then" / "Шта следи";
    THEN_1 = "The minutes are frozen: their keys are not destroyed while your request runs. Nobody \
        sees anything by that."
        / "Минути се замрзавају: њихови кључеви се не уништавају док ваш захтев траје. Тиме нико \
        ништа не види.";
    THEN_2 = "Two people of two bodies have to agree before anybody looks. Others in the picture \
        are protected before you get it."
        / "Двоје људи из два тела мора да се сложи пре него што ико погледа. Остали на слици се \
        штите пре него што је добијете.";
    THEN_3 = "You have an answer within one month (GDPR, Article 12(3)). With your reference you \
        can follow it here."
        / "Одговор добијате у року од месец дана (Општа уредба, члан 12(3)). Са својом шифром \
        овде можете да га пратите.";
    FOLLOW = "Follow a request" / "Пратите захтев";
    REFERENCE = "Your reference" / "Ваша шифра";
    FOLLOW_GO = "Show" / "Прикажите";

    ERRORS = "{n} thing is missing or not right. What you typed is still here.|{n} things are \
        missing or not right. What you typed is still here."
        / "{n} ствар недостаје или није исправна. Све што сте унели је и даље овде.|{n} ствари \
        недостају или нису исправне. Све што сте унели је и даље овде.|{n} ствари недостаје или \
        није исправно. Све што сте унели је и даље овде.";
    E_NAME = "Write your name." / "Напишите своје име.";
    E_CONTACT = "Write a postal or e-mail address for the answer."
        / "Напишите поштанску адресу или адресу е-поште за одговор.";
    E_CAMERAS = "Tick at least one camera; find them by street or place first."
        / "Означите бар једну камеру; најпре их нађите по улици или месту.";
    E_CAMERAS_MANY = "At most {n} camera in one request.|At most {n} cameras in one request."
        / "Највише {n} камера у једном захтеву.|Највише {n} камере у једном захтеву.|Највише {n} \
        камера у једном захтеву.";
    E_CAMERA_GONE = "A camera that you ticked is not declared any more. Tick again."
        / "Камера коју сте означили више није пријављена. Означите поново.";
    E_DAY = "Write the day as year-month-day." / "Напишите дан као година-месец-дан.";
    E_FROM = "Write from when, as hours and minutes." / "Напишите од када, као сате и минуте.";
    E_TO = "Write until when, as hours and minutes." / "Напишите до када, као сате и минуте.";
    E_SAME = "From and until are the same minute." / "Почетак и крај су исти минут.";
    E_FUTURE = "This time has not passed yet." / "Ово време још није прошло.";
    E_LONG = "At most {n} hour in one request: name the hour in which you were there.|At most {n} \
        hours in one request: name the hours in which you were there."
        / "Највише {n} сат у једном захтеву: наведите сат у коме сте били тамо.|Највише {n} сата у \
        једном захтеву: наведите сате у којима сте били тамо.|Највише {n} сати у једном захтеву: \
        наведите сате у којима сте били тамо.";
    E_EXPIRED = "Footage from then cannot be read by anybody any more: it is kept {n} hour. You \
        may still ask by letter what is known about you.|Footage from then cannot be read by \
        anybody any more: it is kept {n} hours. You may still ask by letter what is known about \
        you."
        / "Тадашњи снимак више нико не може да прочита: чува се {n} сат. Писмом и даље можете \
        да питате шта се о вама зна.|Тадашњи снимак више нико не може да прочита: чува се {n} \
        сата. Писмом и даље можете да питате шта се о вама зна.|Тадашњи снимак више нико не може \
        да прочита: чува се {n} сати. Писмом и даље можете да питате шта се о вама зна.";
    E_TOO_LONG = "At most {n} character here.|At most {n} characters here."
        / "Овде највише {n} знак.|Овде највише {n} знака.|Овде највише {n} знакова.";
    E_SIGNS = "This holds characters that cannot be printed. Type it anew."
        / "Овде има знакова који се не могу одштампати. Откуцајте поново.";
    E_SERVER = "The server did not take it; nothing was filed. It says:"
        / "Сервер није прихватио; ништа није заведено. Његове речи:";
    E_SHARE = "{n} form came from your network today, which is the most, and this one was not \
        filed. Send it again tomorrow, or write a letter: it has the same force.|{n} forms came \
        from your network today, which is the most, and this one was not filed. Send it again \
        tomorrow, or write a letter: it has the same force."
        / "Данас је из ваше мреже стигао {n} образац, колико се највише прима, и овај није \
        заведен. Пошаљите поново сутра, или пишите: писмо има исту снагу.|Данас су из ваше мреже \
        стигла {n} обрасца, колико се највише прима, и овај није заведен. Пошаљите поново сутра, \
        или пишите: писмо има исту снагу.|Данас је из ваше мреже стигло {n} образаца, колико се \
        највише прима, и овај није заведен. Пошаљите поново сутра, или пишите: писмо има исту \
        снагу.";
    E_BUSY = "The server could not keep it. Nothing was filed; send it again in a minute."
        / "Сервер није могао да га сачува. Ништа није заведено; пошаљите поново за минут.";
    E_ABOUT = "Write what is wrong, in at least 10 characters."
        / "Напишите шта није у реду, у најмање 10 знакова.";
    E_FULL = "Too much is asked for today, and nothing was filed. Name less time or fewer cameras, \
        send it again tomorrow, or write a letter: it has the same force."
        / "Данас је затражено превише и ништа није заведено. Наведите краће време или мање камера, \
        пошаљите поново сутра, или пишите: писмо има исту снагу.";
    E_BIG = "This is longer than the form takes; nothing was filed. Write less, or write a letter."
        / "Ово је дуже него што образац прима; ништа није заведено. Напишите краће или пошаљите \
        писмо.";

    FILED_TITLE = "Your request" / "Ваш захтев";
    FILED_KEEP = "Keep this page’s address or the reference: it is the only way to follow the \
        request here. Whoever has it sees this page, but not your name."
        / "Сачувајте адресу ове странице или шифру: само тако овде можете да пратите захтев. Ко је \
        има, види ову страницу, али не и ваше име.";
    S_FROZEN = "The footage is frozen and waits for an officer."
        / "Снимци су замрзнути и чекају службено лице.";
    NUMBER = "Number, for letters" / "Број, за дописе";
    ANSWER = "Answer" / "Одговор";
    S_ASKED = "An officer has asked to open it; a second person of another body decides."
        / "Службено лице је затражило отварање; друга особа из другог тела одлучује.";
    S_OPENED = "It was opened for you; the answer is being prepared."
        / "Отворено је за вас; одговор се припрема.";
    S_AGREED = "A second person of another body has agreed; now two key holders release it."
        / "Друга особа из другог тела се сложила; сада двоје чувара кључева ослобађа снимак.";
    S_ANSWERED = "The answer was sent to you." / "Одговор вам је послат.";
    S_EXPIRED = "It has ended, and the footage is not frozen any more."
        / "Завршено је, и снимци више нису замрзнути.";
    ANSWER_BY = "Answer by" / "Одговор до";
    LATE = "The day by which an answer was due has passed without one. Complain, to the city or at \
        once to the supervisory authority."
        / "Рок за одговор је прошао без одговора. Поднесите притужбу граду или одмах надзорном \
        органу.";
    KEPT_UNTIL = "Kept from destruction until" / "Изузето од уништења до";
    KEPT_WHY = "If the answer is not right, complain before that day: the footage is still there."
        / "Ако одговор није исправан, поднесите притужбу пре тог дана: снимци су још ту.";
    ASKED_FOR = "Asked for" / "Затражено";
    FILED_AT = "Filed" / "Заведено";
    UNKNOWN_TITLE = "No request has this reference" / "Ниједан захтев нема ову шифру";
    UNKNOWN_TRY = "Compare every letter with what you noted. Requests that ended long ago are \
        deleted."
        / "Упоредите свако слово са оним што сте записали. Одавно завршени захтеви се бришу.";
    PRINT = "Print this page with the browser’s own command."
        / "Одштампајте ову страницу наредбом прегледача.";

    COMPLAIN_TITLE = "Complain" / "Притужба";
    COMPLAIN_LEAD = "The city’s data-protection officer reads every complaint and answers it if \
        you say where to. You need not give a name."
        / "Градско лице за заштиту података чита сваку притужбу и одговара ако кажете куда. Име \
        не морате да наведете.";
    COMPLAIN_LETTER = "This city does not take complaints by form yet. Write to the officer:"
        / "Овај град притужбе још не прима преко обрасца. Пишите лицу за заштиту података:";
    ABOUT = "What is wrong" / "Шта није у реду";
    ABOUT_CAMERA = "About camera" / "О камери";
    NO_CAMERA = "No single camera" / "Ниједна посебно";
    SEND_COMPLAIN = "Send the complaint" / "Пошаљите притужбу";
    ALSO_AUTHORITY = "You may also complain to the supervisory authority, at any time and without \
        asking the city first (GDPR, Article 77)."
        / "Притужбу можете поднети и надзорном органу, у свако доба и без претходног обраћања \
        граду (Општа уредба, члан 77).";
    COMPLAINED = "Your complaint was filed" / "Ваша притужба је заведена";
    COMPLAINED_NOTE = "Name this number if you write about it again."
        / "Наведите овај број ако о томе поново пишете.";
}
