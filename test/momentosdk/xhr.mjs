// What Momento's SDK for browsers needs of a browser's XMLHttpRequest, for Node: one request, whose answer grows while
// it comes.
import { request } from "node:http";

export class XMLHttpRequest {
  readyState = 0;
  status = 0;
  statusText = "";
  responseText = "";
  response = "";
  responseType = "";
  onreadystatechange = null;
  #headers = {};
  #request;
  #answer;

  open(method, url) {
    this.#request = { method, url };
    this.#become(1);
  }

  setRequestHeader(name, value) {
    this.#headers[name] = value;
  }

  send(body) {
    const { method, url } = this.#request;
    this.#request = request(url, { method, headers: this.#headers }, (answer) => {
      this.#answer = answer;
      this.status = answer.statusCode;
      this.statusText = answer.statusMessage;
      this.#become(2);
      answer.setEncoding("latin1");
      answer.on("data", (text) => {
        this.responseText = this.response += text;
        this.#become(3);
      });
      answer.on("error", () => {});
      answer.on("close", () => this.#become(4));
    });
    this.#request.on("error", () => this.#become(4));
    this.#request.end(body);
  }

  abort() {
    this.#request.destroy?.();
  }

  getResponseHeader(name) {
    return this.#answer?.headers[name.toLowerCase()] ?? null;
  }

  getAllResponseHeaders() {
    return Object.entries(this.#answer?.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  }

  #become(state) {
    if (this.readyState === 4) return;
    this.readyState = state;
    this.onreadystatechange?.();
  }
}
