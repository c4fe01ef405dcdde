// The citizen's screen: what was written here, and what the inbox of this citizen holds.
"use strict";

const field = (id) => document.getElementById(id);
const VIA = {
  passive: "被动回复",
  post: "发布",
  api: "客服消息 / 私信",
  comment: "评论",
  notice: "平台提示",
};
const asked = new Map(); // user -> what was written on this page

function userName() {
  const number = field("user").value.trim();
  return field("platform").value === "wechat" ? `o-citizen-${number}` : number;
}

function line(kind, text, note) {
  const item = document.createElement("li");
  item.className = kind;
  item.textContent = text;
  const small = document.createElement("small");
  small.textContent = note;
  item.append(small);
  return item;
}

function clock(time) {
  return new Date(time).toLocaleTimeString("zh-CN", { hour12: false });
}

async function show() {
  const user = userName();
  const answer = await fetch(`/emulator/inbox/${encodeURIComponent(user)}`);
  if (!answer.ok || user !== userName()) return;
  const received = await answer.json();
  const lines = [
    ...(asked.get(user) ?? []).map((one) => [one.at, line("asked", one.text, clock(one.at))]),
    ...received.map((one) => [
      Date.parse(one.at),
      line(one.via, one.text || `[${one.kind}]`, `${clock(one.at)} ${VIA[one.via] ?? one.via}`),
    ]),
  ];
  lines.sort((left, right) => left[0] - right[0]);
  field("talk").replaceChildren(...lines.map((one) => one[1]));
}

async function push(body, shown) {
  const platform = field("platform").value;
  const user = userName();
  asked.set(user, [...(asked.get(user) ?? []), { at: Date.now(), text: shown }]);
  field("status").textContent = "平台正在推送……";
  await show();
  const answer = await fetch(`/emulator/${platform}/messages`, {
    method: "POST",
    body: JSON.stringify({ user, ...body }),
  });
  const result = await answer.json();
  const tries = (result.tries ?? []).length;
  if (!answer.ok) field("status").textContent = `出错：${result.error}`;
  else if (result.problem) field("status").textContent = `共推送 ${tries} 次，未得到可用的回复。`;
  else field("status").textContent = `共推送 ${tries} 次，用时 ${result.tries[tries - 1].took_s} 秒。`;
  await show();
}

function say(text) {
  return push({ text }, text);
}

field("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = field("text").value.trim();
  field("text").value = "";
  if (text) say(text);
});
field("examples").addEventListener("click", (event) => {
  if (event.target instanceof HTMLButtonElement) say(event.target.textContent.trim());
});
field("follow").addEventListener("click", () => {
  const kind = field("platform").value === "wechat" ? "subscribe" : "follow";
  push({ kind }, "（关注了账号）");
});
setInterval(show, 1000);
