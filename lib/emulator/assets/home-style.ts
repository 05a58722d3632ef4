/** The part of the style sheet that only the home page needs. */
export const HOME_STYLE = `
.home main { width: 100%; max-width: 1080px; margin: 0 auto; padding: 24px 16px; }
.home h1 { margin-bottom: 4px; }
.home h2 { margin: 0 0 12px; font-size: 16px; font-weight: 500; }
.home section { margin-top: 16px; padding: 16px; border-radius: 12px; background: var(--card); overflow-x: auto; }
.home table { width: 100%; border-collapse: collapse; font-size: 14px; }
.home th { text-align: left; font-weight: 500; color: var(--soft); }
.home th, .home td { padding: 6px 12px 6px 0; border-top: 1px solid var(--line); vertical-align: middle; }
.home code, .home pre { font: 13px/1.6 ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.home pre { margin: 0; white-space: pre-wrap; }
.home .columns { display: grid; gap: 16px; }
.home .columns section { min-width: 0; }
.home select { max-width: 100%; padding: 4px 8px; border: 1px solid var(--line); border-radius: 6px;
  background: var(--card); color: inherit; font: inherit; font-size: 14px; }
.home .button { padding: 6px 20px; min-width: 0; font-size: 14px; }
.home td:first-child { white-space: nowrap; }
.home .list { max-height: 480px; overflow: auto; }
@media (max-width: 600px) { .home .agent { display: none; } }
.home .switches { display: grid; gap: 8px 24px; grid-template-columns: repeat(auto-fill, minmax(260px, 1fr)); }
.home .switches label { display: flex; justify-content: space-between; gap: 8px; align-items: center;
  font-size: 14px; }
.home #apps table { min-width: 640px; }
.home #apps code { white-space: nowrap; }
.home .switches label span { flex: 1; min-width: 0; }
.home .switches select { flex: none; max-width: 140px; }
.home .switches small { display: block; line-height: 1.3; font-size: 12px; }
.home .switches .changed { font-weight: 600; }
.home .actions { display: flex; gap: 12px; flex-wrap: wrap; margin-top: 16px; }
@media (min-width: 900px) { .home .columns { grid-template-columns: 1fr 1fr; } }
.home .top { display: flex; gap: 12px 24px; justify-content: space-between; align-items: center; flex-wrap: wrap; }
.home .tools { display: flex; gap: 16px; align-items: center; flex-wrap: wrap; font-size: 14px; }
.home .tools form { margin: 0; }
.home .live { color: var(--soft); }
.home .live::before { content: ""; display: inline-block; width: 8px; height: 8px; margin-right: 6px;
  border-radius: 50%; background: var(--line); }
.home .live[data-state="on"]::before { background: var(--green); animation: live 2s infinite; }
.home .live[data-state="off"]::before { background: var(--red); }
@keyframes live { 50% { opacity: .3; } }
@media (prefers-reduced-motion: reduce) { .home .live::before { animation: none !important; } }
.home .button.danger { background: rgba(250, 81, 81, .12); color: #e0383e; }
.home .columns { align-items: start; margin-top: 16px; }
.home .columns section { margin-top: 0; }
.home .columns > div { display: grid; gap: 16px; min-width: 0; }
.home .empty { margin: 0; color: var(--soft); font-size: 14px; }
.home .rows { margin: 0; padding: 0; list-style: none; }
.home .rows li { display: flex; gap: 12px; align-items: center; padding: 10px 0; border-top: 1px solid var(--line); }
.home .rows li:first-child { border-top: 0; padding-top: 0; }
.home .what { flex: 1; min-width: 0; overflow-wrap: anywhere; }
.home .what strong { font-weight: 500; margin-right: 8px; }
.home .what small, .home .states small { display: block; line-height: 1.5; font-size: 12px; }
.home .what small code { font-size: 12px; }
.home .states { display: flex; flex-direction: column; gap: 4px; align-items: flex-end; text-align: right; }
.home .badge { display: inline-block; padding: 0 8px; border-radius: 10px; font-size: 12px; line-height: 20px;
  white-space: nowrap; }
.home .badge.good { background: rgba(7, 193, 96, .14); color: #048a44; }
.home .badge.bad { background: rgba(250, 81, 81, .14); color: #d43030; }
.home .badge.waiting { background: rgba(16, 174, 255, .14); color: #0a78b0; }
.home .badge.soft { background: rgba(127, 127, 127, .16); color: var(--soft); }
@media (prefers-color-scheme: dark) {
  .home .badge.good { color: #3ddc84; } .home .badge.bad { color: #ff8080; } .home .badge.waiting { color: #6cc7f5; }
  .home .button.danger { color: #ff8080; }
}
.home .qr-image { width: 72px; height: 72px; padding: 4px; border-radius: 8px; background: #fff; align-self: start; }
.home .phone-actions { display: flex; gap: 8px; flex-wrap: wrap; margin-top: 8px; }
.home .phone-actions .button { padding: 4px 14px; }
.home .warning { color: #c77700; }
@media (max-width: 600px) {
  .home main { padding: 16px 12px; }
  .home section { padding: 14px 12px; }
  .home .switches label { flex-wrap: wrap; }
  .home .tools { width: 100%; justify-content: space-between; }
}
`;
