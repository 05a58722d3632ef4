/** The style sheet of all pages. It uses system fonts and loads nothing from other hosts. */
export const STYLE = `
:root { --green: #07c160; --line: #e5e5e5; --ground: #ededed; --card: #fff; --text: #191919; --soft: #6b6b6b;
  --red: #fa5151; }
@media (prefers-color-scheme: dark) {
  :root { --line: #333; --ground: #111; --card: #1e1e1e; --text: #d5d5d5; --soft: #8c8c8c; }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; min-height: 100vh; min-height: 100dvh; display: flex; flex-direction: column;
  background: var(--ground); color: var(--text);
  font: 16px/1.6 system-ui, -apple-system, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
a { color: #576b95; text-decoration: none; }
h1 { font-size: 20px; font-weight: 500; margin: 0; }
small { color: var(--soft); font-size: 13px; }
.emulator { margin-top: auto; padding: 16px; text-align: center; font-size: 12px; color: var(--soft); }
.advice { margin: 24px auto 0; max-width: 480px; padding: 12px 16px; border: 1px dashed var(--soft);
  border-radius: 8px; color: var(--soft);
  font-size: 14px; text-align: left; overflow-wrap: anywhere; }
.advice p { margin: 0 0 12px; }
.button { display: inline-block; min-width: 120px; padding: 8px 24px; border: 0; border-radius: 8px;
  background: var(--green); color: #fff;
  font: inherit; font-weight: 500; text-align: center; cursor: pointer; }
.button.secondary { background: rgba(127, 127, 127, .16); color: #06ae56; }

.weui_msg { width: 100%; max-width: 560px; margin: 0 auto; padding: 64px 32px 24px; text-align: center; }
.weui_msg_title { margin: 24px 0 8px; font-size: 20px; font-weight: 500; overflow-wrap: anywhere; }
.weui_msg_desc { margin: 0; color: var(--soft); }
.weui_icon_msg { display: inline-flex; align-items: center; justify-content: center; width: 64px; height: 64px;
  border-radius: 50%;
  background: #10aeff; color: #fff; font: 500 36px/1 system-ui; }
.weui_icon_msg::before { content: "i"; }
.weui_icon_warn { background: var(--red); } .weui_icon_warn::before { content: "!"; }
.weui_icon_success { background: var(--green); } .weui_icon_success::before { content: "✓"; }

.sheet { position: relative; width: 100%; max-width: 480px; margin: 0 auto; padding: 24px 24px 32px;
  background: var(--card); }
.sheet header { display: flex; gap: 12px; align-items: center; overflow-wrap: anywhere; }
.sheet header > :last-child { min-width: 0; }
.app-icon { display: flex; align-items: center; justify-content: center; width: 36px; height: 36px;
  border-radius: 6px; background: var(--green);
  color: #fff; flex: none; }
.asks { margin: 20px 0 8px; font-weight: 500; }
.scopes { margin: 0; padding: 0 0 20px; list-style: none; border-bottom: 1px solid var(--line); color: var(--soft); }
.people { margin: 0; padding: 12px 0; border: 0; border-bottom: 1px solid var(--line); }
.people legend { float: left; width: 100%; padding: 0 0 4px; font-size: 13px; color: var(--soft); }
.people label { clear: both; display: flex; gap: 12px; align-items: center; padding: 8px 4px; cursor: pointer; }
.people label:has(:checked) { background: rgba(7, 193, 96, .08); border-radius: 8px; }
.people input { flex: none; accent-color: var(--green); width: 18px; height: 18px; margin: 0; }
.people span { min-width: 0; overflow-wrap: anywhere; }
.people small { margin-left: 8px; }
.face { width: 36px; height: 36px; border-radius: 4px; object-fit: cover; flex: none; }
.face.none { background: var(--line); }
.choice { display: flex; gap: 16px; justify-content: center; padding-top: 24px; }
.choice .button { flex: 0 1 160px; min-width: 0; padding-inline: 8px; }
.full-service { position: fixed; right: 16px; bottom: 64px; padding: 10px 18px; border: 0; border-radius: 24px;
  background: var(--green);
  color: #fff; font: inherit; font-weight: 500; box-shadow: 0 4px 16px rgba(0, 0, 0, .24); cursor: pointer; }
@media (min-width: 600px) { .phone .sheet { margin-top: 48px; border-radius: 12px; } }

.desk { background: #333; color: #fff; }
.desk .emulator a, .desk .emulator { color: #aaa; }
.qr { width: 100%; padding: 32px 16px; margin: auto; text-align: center; }
.qr .title { font-size: 20px; }
.qrcode-frame { display: inline-block; margin: 16px 0; padding: 6px; background: #fff;
  border: 1px solid var(--line); border-radius: 4px; }
.qrcode { display: block; width: 268px; height: 268px; }
.info { display: flex; flex-direction: column; justify-content: center; max-width: 280px; min-height: 64px;
  margin: 0 auto; padding: 8px 16px; border-radius: 32px; background: #232323; }
.info p { margin: 0; font-size: 13px; opacity: .8; overflow-wrap: anywhere; }
.refresh { border: 0; background: none; color: #7ec3ff; font: inherit; cursor: pointer; text-decoration: underline; }
.qr[data-state="402"] .qrcode { opacity: .12; }
.emulated-phone { display: inline-block; margin-top: 24px; padding: 8px 16px; border: 1px dashed currentColor;
  border-radius: 8px; color: #8db8ff;
  font-size: 14px; }
.phone-buttons { display: flex; gap: 12px; justify-content: center; margin-top: 16px; }
.phone-buttons .button { min-width: 88px; padding: 6px 16px; }
.phone-blocked { max-width: 300px; margin: 12px auto 0; font-size: 12px; opacity: .8; }
.embedded { background: transparent; color: #373737; color-scheme: light; }
.embedded .qr { padding: 8px; }
.embedded .on-dark { color: #fff; }
.embedded .qrcode { width: 200px; height: 200px; }
.embedded .qrcode-frame { margin: 8px 0; }
.embedded .info { background: none; padding: 0; }
.embedded .emulated-phone { margin-top: 8px; color: #576b95; }
.embedded .on-dark .emulated-phone { color: #fff; }
`;
