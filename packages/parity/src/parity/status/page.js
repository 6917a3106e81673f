"use strict";
const units = [["d", 86400], ["h", 3600], ["min", 60]];
function ages() {
  for (const each of document.querySelectorAll("time")) {
    const seconds = Math.max(0, (Date.now() - Date.parse(each.dateTime)) / 1000);
    const [unit, size] = units.find(([, size]) => seconds >= size) ?? ["s", 1];
    const age = each.querySelector("span") ?? each.appendChild(document.createElement("span"));
    age.textContent = ` ${Math.floor(seconds / size)} ${unit} ago`;
  }
}
ages();
setInterval(ages, 30000);
