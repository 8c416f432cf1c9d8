// The page in the bundle that tells a recipient, in English and Serbian, how to check it without
// us.

const escape = (s: string): string =>
  s.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c] ?? c);

export function howToCheck(request: string, clips: string[]): string {
  const names = clips.map((c) => `<code>${escape(c)}</code>`).join(', ');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>How to check this export</title></head>
<body>
<h1>How to check this export</h1>
<p>This bundle was made by Loggia on the requester's own machine. Request hash:<br><code>${escape(request)}</code></p>
<h2>With the program</h2>
<p>On any machine, with no network. Take the log's key from a source other than whoever gave you this file:</p>
<pre>loggia verify BUNDLE.zip --log-key KEY</pre>
<p>It exits with 0 when all that stands under “By hand” holds, and else names the first thing that
is wrong.</p>
<h2>With witnesses whom you believe</h2>
<p>The log's key alone does not show that everybody is shown the same log. Witnesses outside the
city cosign it for that. A log policy (C2SP tlog-policy) names the log, the witnesses that you
believe and how many of them are enough: write your own, or take one from a body that you trust; the
city's own is at its <code>/log/policy</code>. With it the program also requires that filing,
approval, opening and export were cosigned by enough of them, in that order:</p>
<pre>loggia verify BUNDLE.zip --log-key KEY --policy tlog-policy</pre>
<p>The same without the program, in five commands of Python and Go, is in
docs/guide/check-a-clip.md of Loggia's source.</p>
<h2>By hand</h2>
<ol>
<li><strong>Nothing was swapped.</strong> The SHA-256 of each file is in <code>manifest.json</code>; the SHA-256 of
<code>manifest.json</code> itself is <code>bundle</code> in <code>export.json</code>.</li>
<li><strong>The export is in the public log.</strong> <code>entry</code> in <code>export.json</code> is the log entry (base64); it names
the same bundle hash and request. Its leaf hash, SHA-256(0x00 &#8214; entry), and <code>proof</code> give the root in
<code>checkpoint</code> (RFC 6962), which the log's Ed25519 key signed (C2SP signed note).</li>
<li><strong>The request is the one that was approved.</strong> SHA-256("loggia/request/v1\\n" &#8214; <code>request.json</code>) is the
request hash.</li>
<li><strong>The recorder sealed it.</strong> <code>sealed.lgr</code> holds the records as recorded. Each carries the hash of the one
before it and the recorder's signature. With each key in <code>recorder_keys</code> of
<code>export.json</code> stands the log's <code>recorder_started</code> (<code>entry</code>), older
than the export: it names the first 8 bytes of the key's SHA-256, and its <code>proof</code> leads
to the same checkpoint.</li>
<li><strong>The keys are the right ones.</strong> For each span in <code>keys.json</code>, HKDF-SHA256(police &#8214; oversight) gives the key
and the commitment that stands in the span's first record.</li>
<li><strong>The clip is the footage.</strong> Each piece in <code>sealed.lgr</code> decrypts (AES-256-GCM) to the video data in ${names},
byte for byte. Only the container's sequence numbers and decode times were set, so that the pieces stand behind each other.</li>
</ol>
<p>The format is docs/design/seal.md in Loggia's source.</p>
<h1 lang="sr">Како се проверава овај извоз</h1>
<div lang="sr">
<p>Овај свежањ је направила Loggia на рачунару подносиоца захтева. Отисак
захтева:<br><code>${escape(request)}</code></p>
<h2>Програмом</h2>
<p>На било ком рачунару, без мреже:</p>
<pre>loggia verify BUNDLE.zip --log-key KEY</pre>
<p>Кључ дневника узмите из извора који није онај од кога сте добили датотеку. Програм завршава нулом
када се слажу: отисци датотека,
упис извоза у јавном дневнику са доказом и потписом, захтев, потписани ланац снимача, кључеви са
својом обавезом, и сам снимак,
бајт по бајт. У супротном именује прво што није у реду.</p>
<h2>Са сведоцима којима верујете</h2>
<p>Сам кључ не показује да је свима приказан исти дневник: зато га потписују и сведоци изван града.
Политика дневника (C2SP tlog-policy) именује дневник, сведоке којима верујете и колико их је
довољно: напишите своју или је узмите од тела коме верујете; градска је на <code>/log/policy</code>.
С њом програм тражи и да су подношење, одобрење, отварање и извоз потписани од довољно њих, тим
редом:</p>
<pre>loggia verify BUNDLE.zip --log-key KEY --policy tlog-policy</pre>
<p>Исто без програма, у пет наредби на језицима Python и Go, описано је у
docs/guide/check-a-clip.md у изворном коду Loggia.</p>
<h2>Ручно</h2>
<ol>
<li><strong>Ништа није замењено.</strong> SHA-256 сваке датотеке стоји у <code>manifest.json</code>;
SHA-256 саме датотеке
<code>manifest.json</code> је <code>bundle</code> у <code>export.json</code>.</li>
<li><strong>Извоз је у јавном дневнику.</strong> <code>entry</code> у <code>export.json</code> је
упис дневника (base64); наводи исти
отисак свежња и захтева. Отисак његовог листа, SHA-256(0x00 &#8214; упис), и <code>proof</code> дају
корен у
<code>checkpoint</code> (RFC 6962), који је потписан кључем дневника, Ed25519 (C2SP signed
note).</li>
<li><strong>Захтев је онај који је одобрен.</strong> SHA-256("loggia/request/v1\\n" &#8214;
<code>request.json</code>) је отисак
захтева.</li>
<li><strong>Запечатио га је снимач.</strong> <code>sealed.lgr</code> садржи записе онако како су
снимљени. Сваки носи отисак
претходног и потпис снимача. Уз сваки кључ у <code>recorder_keys</code> у <code>export.json</code>
стоји упис
<code>recorder_started</code> из дневника (<code>entry</code>), старији од извоза: наводи првих 8
бајтова
SHA-256 тог кључа, а његов <code>proof</code> води до истог <code>checkpoint</code>.</li>
<li><strong>Кључеви су прави.</strong> За сваки одсечак у <code>keys.json</code>,
HKDF-SHA256(полиција &#8214; надзор) даје кључ и
обавезу која стоји у првом запису одсечка.</li>
<li><strong>Исечак је сам снимак.</strong> Сваки комад у <code>sealed.lgr</code> дешифрује се
(AES-256-GCM) у видео податке у ${names},
бајт по бајт. Уписани су само редни бројеви и времена декодирања контејнера, да би комади стајали
један за другим.</li>
</ol>
<p>Формат је docs/design/seal.md у изворном коду Loggia.</p>
</div>
</body></html>
`;
}
