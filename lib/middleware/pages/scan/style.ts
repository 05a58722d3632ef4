/** What the pages of a scan login add to the style of all pages. */
export const SCAN_STYLE = `
[hidden]{display:none!important}
.scan-code{position:relative;width:232px;height:232px;margin:8px auto 20px;padding:8px;background:#fff;
  border-radius:12px;box-shadow:0 0 0 1px var(--line)}
.scan-code svg.qr{display:block;width:216px;height:216px}
.veil{position:absolute;inset:0;display:flex;align-items:center;justify-content:center;border-radius:12px;
  background:#fffffff0}
.veil .icon{width:72px;height:72px;margin:0}
.state{margin:0 0 16px;font-weight:500;text-wrap:balance}.state:empty{display:none}
.number{display:inline-flex;align-items:center;gap:12px;margin:0 auto 8px;padding:6px 18px;border-radius:24px;
  background:var(--plain);font-size:15px;color:var(--soft)}
.number b{font-size:26px;line-height:1.3;letter-spacing:2px;color:var(--text);font-variant-numeric:tabular-nums}
.time{font-variant-numeric:tabular-nums}
.steps{margin:0 0 20px;padding:0;list-style:none;counter-reset:step;text-align:left;font-size:16px;
  color:var(--text)}
.steps li{position:relative;margin:0;padding:8px 0 8px 36px;counter-increment:step}
.steps li::before{content:counter(step);position:absolute;left:0;top:8px;width:24px;height:24px;
  border-radius:50%;background:var(--main);color:#fff;font-size:14px;line-height:24px;text-align:center}
button{display:block;width:200px;max-width:100%;margin:0 auto 16px;padding:11px 20px;border:0;
  border-radius:8px;background:var(--plain);color:var(--text);font:inherit;font-weight:500;cursor:pointer}
button.main{background:var(--main);color:#fff}button.main:active{background:var(--press)}
a:focus-visible,button:focus-visible,input:focus-visible{outline:3px solid var(--info);outline-offset:2px}
.pin{margin:8px 0 16px}
.pin input{display:block;width:200px;margin:0 auto 12px;padding:8px 0;border:1px solid var(--line);
  border-radius:8px;background:var(--card);color:var(--text);font:inherit;font-size:26px;letter-spacing:12px;
  text-indent:12px;text-align:center}
.facts{margin:0 0 20px;padding:4px 16px;border-radius:8px;background:var(--plain);text-align:left}
.facts div{display:flex;justify-content:space-between;align-items:baseline;gap:16px;padding:10px 0}
.facts div+div{border-top:1px solid var(--line)}
.facts dt{flex:none;color:var(--soft);font-size:15px}
.facts dd{margin:0;text-align:right;overflow-wrap:anywhere;font-weight:500}
.facts .big dd{font-size:32px;line-height:1.2;letter-spacing:3px;font-variant-numeric:tabular-nums;font-weight:600}
.big-pin{margin:4px 0 16px;font-size:48px;line-height:1.3;font-weight:600;letter-spacing:12px;text-indent:12px;
  font-variant-numeric:tabular-nums}
.caution{margin:0 0 24px;padding:12px 16px;border-radius:8px;text-align:left;font-size:15px;
  background:#fa9d3b1f;box-shadow:inset 3px 0 0 var(--warn)}
.pin label{display:block;margin:0 0 8px;font-size:15px;color:var(--soft)}
.question{margin-top:auto}.choice{display:flex;gap:12px}
.choice button{flex:1;width:auto;margin:0 0 16px;padding:12px 8px}
`;
