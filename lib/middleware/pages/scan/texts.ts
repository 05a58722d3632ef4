/** The texts of the pages of a scan login. */
import type { PageLanguage } from '../page';

export interface ScanTexts {
  readonly pc: {
    readonly title: string;
    readonly waiting: string;
    readonly scanned: ScannedTexts;
    readonly confirmed: string;
    readonly cancelled: string;
    readonly expired: string;
    readonly failed: string;
    readonly offline: string;
    readonly wrongPin: string;
    readonly number: string;
    readonly compare: string;
    /** `{time}` becomes minutes and seconds. */
    readonly timeLeft: string;
    readonly again: string;
    readonly pin: string;
    readonly sendPin: string;
    readonly goOn: string;
    readonly notYet: string;
    readonly codeAlt: string;
  };
  /** For a phone whose browser is not WeChat. */
  readonly elsewhere: {
    readonly title: string;
    readonly steps: readonly string[];
    readonly scanned: ScannedTexts;
    readonly open: string;
    readonly otherPhone: string;
  };
  readonly phone: {
    readonly title: string;
    readonly question: string;
    readonly site: string;
    readonly device: string;
    readonly unknownDevice: string;
    readonly since: string;
    readonly justNow: string;
    readonly minutesAgo: (minutes: number) => string;
    readonly number: string;
    readonly warning: string;
    readonly confirm: string;
    readonly cancel: string;
    readonly typePin: string | ByDevice;
    readonly close: string;
  };
  readonly messages: Readonly<
    Record<PhoneMessage, { readonly title: string | ByDevice; readonly text: string }>
  >;
}

/** The status after the phone has opened the code, by `scanLogin.confirm`. */
interface ScannedTexts {
  readonly tap: string;
  readonly pin: string;
}

/** By the device that started the login: its browser may be on the phone that reads the text. */
export interface ByDevice {
  readonly computer: string;
  readonly other: string;
}

/** How a scan login ends on the phone. */
export type PhoneMessage = 'done' | 'cancelled' | 'taken' | 'forgotten' | 'expired';

const ZH: ScanTexts = {
  pc: {
    title: '微信扫码登录',
    waiting: '请打开手机微信，用「扫一扫」扫描二维码',
    scanned: {
      tap: '已扫描，请在手机上核对数字并确认',
      pin: '已扫描：请在手机上确认，再输入手机上显示的四位数字',
    },
    confirmed: '登录成功，正在跳转…',
    cancelled: '你已在手机上取消登录',
    expired: '二维码已失效',
    failed: '登录没有成功',
    offline: '网络连接中断，正在重试…',
    wrongPin: '数字不正确，请重新输入',
    number: '核对数字',
    compare: '手机上应显示同样的数字',
    timeLeft: '二维码 {time} 后失效',
    again: '换一个二维码',
    pin: '手机上显示的四位数字',
    sendPin: '登录',
    goOn: '已在手机上确认，继续',
    notYet: '还没有收到手机上的确认，请确认后继续。',
    codeAlt: '登录二维码',
  },
  elsewhere: {
    title: '微信登录',
    steps: [
      '复制登录链接',
      '打开微信，把链接发送给「文件传输助手」，再点开它',
      '在微信中确认登录，然后回到这里',
    ],
    scanned: {
      tap: '已在微信中打开，请核对数字并确认',
      pin: '已在微信中打开：请先确认，再输入微信中显示的四位数字',
    },
    open: '打开微信',
    otherPhone: '也可以用另一部手机的微信扫描二维码',
  },
  phone: {
    title: '登录确认',
    question: '是否在下面的设备上登录？',
    site: '登录网站',
    device: '登录设备',
    unknownDevice: '未知设备',
    since: '发起时间',
    justNow: '刚刚',
    minutesAgo: (minutes) => `${minutes} 分钟前`,
    number: '核对数字',
    warning:
      '请先核对：登录页是你自己打开的，上面的数字也与这里相同。' +
      '如果二维码或链接是别人发给你的，请点「取消」：一旦确认，对方就能登录你的账号。',
    confirm: '确认登录',
    cancel: '取消',
    typePin: { computer: '请在电脑上输入这四位数字', other: '请在浏览器中输入这四位数字' },
    close: '可以关闭这个页面了',
  },
  messages: {
    done: {
      title: { computer: '请回到电脑继续', other: '请回到刚才的浏览器继续' },
      text: '已确认登录。',
    },
    cancelled: { title: '已取消登录', text: '该设备不会登录你的账号。' },
    taken: {
      title: '二维码已被使用',
      text:
        '这个二维码已被扫描过：由另一部手机，或由这部手机（之后退出了登录，或没有保存本站的 cookie）。' +
        '如需登录，请在发起登录的页面换一个二维码。',
    },
    forgotten: {
      title: '无法确认登录',
      text:
        '打开登录确认页之后，你在这部手机上退出了登录，或者微信没有保存本站的 cookie。' +
        '如需登录，请在发起登录的页面换一个二维码，重新扫描。',
    },
    expired: { title: '二维码已失效', text: '请在发起登录的页面换一个二维码。' },
  },
};

const EN: ScanTexts = {
  pc: {
    title: 'Log in with WeChat',
    waiting: 'Scan the QR code with WeChat on your phone',
    scanned: {
      tap: 'Scanned. Compare the number on your phone, and confirm there',
      pin: 'Scanned. Confirm on your phone, then type the four digits that it shows',
    },
    confirmed: 'Logged in. One moment…',
    cancelled: 'You cancelled the login on your phone',
    expired: 'This QR code has expired',
    failed: 'The login did not succeed',
    offline: 'No connection. Trying again…',
    wrongPin: 'These are not the digits on your phone. Try again',
    number: 'Number',
    compare: 'Your phone should show the same number',
    timeLeft: 'The code expires in {time}',
    again: 'New QR code',
    pin: 'The four digits on your phone',
    sendPin: 'Log in',
    goOn: 'I have confirmed on my phone: continue',
    notYet: 'Your phone has not confirmed yet. Confirm there, then continue.',
    codeAlt: 'QR code to log in',
  },
  elsewhere: {
    title: 'Log in with WeChat',
    steps: [
      'Copy the link',
      'Open WeChat, send the link to “File Transfer”, and tap it there',
      'Confirm in WeChat, then come back here',
    ],
    scanned: {
      tap: 'Opened in WeChat. Compare the number, and confirm there',
      pin: 'Opened in WeChat. Confirm there, then type the four digits that it shows',
    },
    open: 'Open WeChat',
    otherPhone: 'Or scan the QR code with WeChat on another phone',
  },
  phone: {
    title: 'Confirm login',
    question: 'Log in on this device?',
    site: 'Site',
    device: 'Device',
    unknownDevice: 'Unknown device',
    since: 'Started',
    justNow: 'just now',
    minutesAgo: (minutes) => (minutes === 1 ? '1 minute ago' : `${minutes} minutes ago`),
    number: 'Number',
    warning:
      'Check first: you opened the login page yourself, and it shows the same number. If somebody else sent ' +
      'you the QR code or the link, cancel: they would be logged in as you.',
    confirm: 'Confirm',
    cancel: 'Cancel',
    typePin: 'Type these four digits there',
    close: 'You can close this page now',
  },
  messages: {
    done: {
      title: { computer: 'Go back to your computer', other: 'Go back to your browser' },
      text: 'You have confirmed the login.',
    },
    cancelled: { title: 'Login cancelled', text: 'The device is not logged in.' },
    taken: {
      title: 'This QR code is taken',
      text:
        'It was scanned before: by another phone, or by this one, which has logged out since or did not keep ' +
        'the cookie of this site. To log in, get a new QR code on the page where you started.',
    },
    forgotten: {
      title: 'This phone cannot confirm the login',
      text:
        'Since it opened the QR code, you logged out on this phone, or WeChat did not keep the cookie of this site. ' +
        'To log in, get a new QR code on the page where you started, and scan it.',
    },
    expired: {
      title: 'This QR code has expired',
      text: 'Get a new one on the page where you started.',
    },
  },
};

export function scanTexts(language: PageLanguage): ScanTexts {
  return language === 'zh' ? ZH : EN;
}
