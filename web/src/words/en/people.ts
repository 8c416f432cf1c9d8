// Words of signing in at the identity provider, of passkeys and of the break-glass account.
export const people = {
  'sign.provider': 'With the city’s sign-in',
  'sign.providerNote':
    'You sign in at {name} and come back here. What you may do stands in the roster, as ' +
    'always.',
  'sign.providerGo': 'Sign in at {name}',
  'sign.local': 'With a password of this installation',
  'sign.not.unreachable':
    'The city’s sign-in does not answer. Sign in with your password here, or try again later.',
  'sign.not.refused': 'The city’s sign-in did not let you in. Try again, or ask those who run it.',
  'sign.not.stale':
    'That sign-in took too long or was begun in another window. Begin it again here.',
  'sign.not.not-valid':
    'What the city’s sign-in answered could not be verified, so nobody was signed in. Try ' +
    'again; if it stays so, tell those who run this machine.',
  'sign.not.not-in-roster':
    'You are signed in there, but the roster here does not name you, or your account is ' +
    'disabled. A custodian of each group can add you.',
  'sign.not.busy': 'Many people are signing in. Try again in a moment.',

  'glass.name': 'Break-glass account',
  'glass.whose': '{what} ({role}, {body})',
  'sign.wrongGlass':
    'Its password is both halves, a space between, and lets somebody in once. Check them; if ' +
    'nobody gets in, a custodian of either group ends the opening, and both open it anew.',
  'sign.wait':
    'Not now: too many tries with this name failed, or many people sign in at once. Nothing is ' +
    'wrong with the server. Wait, five minutes at the longest, and try again.',

  'acct.title': 'Accounts',
  'acct.what':
    'Whoever is disabled is signed out at once, and neither their password nor their key lets ' +
    'them in. You grant nothing here: roles are in the roster, which both groups sign.',
  'acct.glass':
    'With the break-glass account each of these acts is in the public log first. It cannot ' +
    'disable those who opened it, nor the last who could do what a city needs.',
  'acct.person': 'Person',
  'acct.roles': 'Roles',
  'acct.state': 'Account',
  'acct.on': 'enabled',
  'acct.off': 'disabled',
  'acct.disable': 'Disable',
  'acct.enable': 'Enable',
  'acct.sureOff': 'Disable {name}?',
  'acct.sureOn': 'Enable {name} again?',
  'acct.keep': 'No, leave it',
  'acct.doneOff': '{name} is disabled.',
  'acct.doneOn': '{name} is enabled again.',
  'acct.you': 'You',

  'une.break_glass': 'The break-glass account was open',
  'une.why.break_glass':
    'An administrator’s rights for an hour, by a custodian of each group. Ask both why, and what ' +
    'was done.',
  'une.n.break_glass': '{n} use.|{n} uses.',
  'une.glass': 'The break-glass account: who opened it, and whose accounts it changed',
  'une.glassNone': 'It was never opened.',
  'une.glassBy': 'Opened by',
  'une.glassActs': 'Accounts',
  'une.glassOff': '{name} disabled',
  'une.glassOn': '{name} enabled',
  'une.glassNo': 'no account changed',
  'une.glassOpen': 'still open',

  'glass.banner':
    'This is the break-glass account, open until {until}. It administers and nothing else, ' +
    'and each use of it stands in the public log.',

  'key.tab': 'Passkey',
  'key.yours': 'Your passkey',
  'key.what':
    'With a passkey you approve or refuse on this page. It signs the one request that you see' +
    ' and no other: whoever takes over your session can do nothing with it.',
  'key.page':
    'This page comes from the city’s server. A server that has been taken over could show you' +
    ' another request than the one that your passkey signs. Your own key desk shows the true ' +
    'one, and so do the desks of both custodians before anything is opened.',
  'key.mine': 'In the roster for you',
  'key.none': 'The roster names no passkey for you yet.',
  'key.here': 'for this address',
  'key.elsewhere': 'for {origin}',
  'key.make': 'Make a passkey',
  'key.kind':
    'It takes a security key or a built-in one that stays in this device, with PIN or finger.' +
    ' One that is copied to a cloud is not accepted.',
  'key.made':
    'It is made, and counts for nothing yet. Give these lines to whoever draws the next ' +
    'roster; they belong under your name. It counts once a custodian of each group has ' +
    'signed.',
  'key.copy': 'Copy',
  'key.copied': 'Copied',
  'key.cannot':
    'This browser cannot make one at this address. Open the city’s page at https:// and its ' +
    'name, not a number.',
  'key.synced':
    'This passkey can be copied to a cloud, so it was not taken. Use a security key, or one ' +
    'that stays in this device.',
  'key.unknownKind':
    'This authenticator makes another kind of key than ES256 or EdDSA. Use another one.',
  'key.broke': 'Nothing was made or signed: it was cancelled, or took too long.',

  'decide.title': 'Decide with your passkey',
  'decide.note': 'Note (goes into the signed statement)',
  'decide.signs': 'Your passkey signs this request’s hash: {hash}',
  'decide.approve': 'Approve with the passkey',
  'decide.refuse': 'Refuse with the passkey',
  'decide.enrol': 'You can also approve here, with a passkey.',
  'decide.working': 'Touch your authenticator…',

  'log.break_glass_opened': 'The break-glass account was opened by both groups until {until}',
  'log.break_glass_used': 'The break-glass account was used: {what}',
  'log.break_glass_ended': 'The break-glass account was shut: {how}',
  'logkind.break_glass_opened': 'break-glass opened',
  'logkind.break_glass_used': 'break-glass used',
  'logkind.break_glass_ended': 'break-glass shut',
  'logfield.what': 'What for',
  'glass.signed_in': 'somebody signed in',
  'glass.accounts_read': 'accounts were read',
  'glass.account_disabled': 'an account was disabled',
  'glass.account_enabled': 'an account was enabled again',
  'glass.cameras_read': 'cameras were listed',
  'glass.camera_enrolled': 'a camera was enrolled',
  'logfield.account': 'Whose account (commitment)',
  'logfield.role': 'Their role',
  'logfield.opening': 'Entry of the opening',
  'glass.camera_retired': 'a camera was taken out',
  'glass.state_read': 'storage, clock or alarms were read',
  'how.signed_out': 'signed out',
  'how.recalled': 'a custodian ended it',
  'how.restarted': 'the server started anew',
};
