// The lines of a log: kept within a number, followed, searched. Lines are text, never HTML.
const HITS = 2000;

export default {
  template: `
    <div class="log-view">
      <div class="log-tools">
        <label class="log-find"><span class="visually-hidden">{{ words.find }}</span>
          <input type="search" ref="find" v-model="query" :placeholder="words.find" data-log="find"
            @input="search" @keydown.enter.prevent="step($event.shiftKey ? -1 : 1)"></label>
        <span class="log-said num" role="status" data-log="said">{{ said }}</span>
        <button type="button" class="quiet-button" :aria-label="words.before" data-log="before"
          :disabled="!hits.length" @click="step(-1)">↑</button>
        <button type="button" class="quiet-button" :aria-label="words.next" data-log="next"
          :disabled="!hits.length" @click="step(1)">↓</button>
        <label class="log-follow"><input type="checkbox" v-model="follow" data-log="follow"> {{ words.follow }}</label>
      </div>
      <div class="log-box" ref="box" tabindex="0" role="region" :aria-label="words.log" @scroll="scrolled">
        <div class="log-earlier" v-show="left">
          <button type="button" class="quiet-button" v-show="more" data-log="earlier"
            @click="$emit('earlier')">{{ words.earlier }}</button>
          <span class="dim">{{ left }}</span>
        </div>
        <div class="log-lines" ref="lines"></div>
        <p class="dim" v-show="empty">{{ words.empty }}</p>
      </div>
    </div>`,
  props: { words: Object, first: Array, cap: Number, leftOut: String },
  data: () => ({ query: "", hits: [], at: -1, said: "", follow: true, left: "", more: true, empty: true }),
  mounted() {
    this.most = this.cap;
    this.left = this.leftOut;
    this.add(this.first);
  },
  beforeUnmount() {
    for (const name of ["log-hits", "log-hit"]) window.CSS?.highlights?.delete(name);
  },
  watch: {
    follow(on) {
      this.$emit("follow", on); // nothing moves under the eyes of somebody who reads
      if (on) this.toEnd();
    },
  },
  methods: {
    add(lines, left) {
      const made = this.made(lines);
      this.$refs.lines.append(made.part);
      const over = this.$refs.lines.childElementCount - this.most;
      for (let n = 0; n < over; n++) this.$refs.lines.firstElementChild.remove();
      this.empty = this.$refs.lines.childElementCount === 0;
      if (left !== undefined) this.left = left;
      if (this.query) this.look(made.all);
      if (this.follow) this.toEnd();
    },
    replace(lines, left) {
      this.$refs.lines.replaceChildren();
      this.hits = [];
      this.add(lines, left);
    },
    addBefore(lines, left, more) {
      const box = this.$refs.box;
      const end = box.scrollHeight - box.scrollTop;
      this.follow = false;
      this.most += lines.length;
      this.$refs.lines.prepend(this.made(lines).part);
      this.left = left;
      this.more = more;
      this.search();
      this.$nextTick(() => (box.scrollTop = box.scrollHeight - end));
    },
    made(lines) {
      const part = document.createDocumentFragment();
      const all = lines.map((text) => {
        const line = document.createElement("div");
        line.textContent = text || "\u200b";
        part.append(line);
        return line;
      });
      return { part, all };
    },
    toEnd() {
      this.$nextTick(() => (this.$refs.box.scrollTop = this.$refs.box.scrollHeight));
    },
    scrolled() {
      const box = this.$refs.box;
      const below = box.scrollHeight - box.scrollTop - box.clientHeight;
      if (below > 60 && box.scrollTop < (this.top ?? 0)) this.follow = false;
      this.top = box.scrollTop;
    },
    search() {
      this.hits = [];
      this.at = -1;
      if (this.query) this.look([...this.$refs.lines.children]);
      else this.paint();
    },
    look(lines) {
      const wanted = this.query.toLowerCase();
      const hits = this.hits.filter((hit) => hit.startContainer.isConnected);
      for (const line of lines) {
        const text = line.firstChild.data.toLowerCase();
        for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) {
          if (hits.length >= HITS) break;
          const range = document.createRange();
          range.setStart(line.firstChild, at);
          range.setEnd(line.firstChild, Math.min(at + wanted.length, line.firstChild.length));
          hits.push(unwrapped(range));
        }
      }
      this.hits = hits;
      this.paint();
    },
    step(by) {
      if (!this.hits.length) return;
      const count = this.hits.length;
      this.at = this.at < 0 ? (by > 0 ? 0 : count - 1) : (this.at + by + count) % count;
      this.follow = false;
      this.hits[this.at].startContainer.parentElement?.scrollIntoView({ block: "center" });
      this.paint();
    },
    paint() {
      const n = this.hits.length;
      const many = n >= HITS ? `${n}+` : `${n}`;
      this.said = !this.query ? "" : n ? `${this.at + 1 || "–"} / ${many}` : this.words.none;
      if (!window.Highlight || !CSS.highlights) return;
      const here = this.at >= 0 ? [this.hits[this.at]] : [];
      CSS.highlights.set("log-hits", new Highlight(...this.hits));
      const one = new Highlight(...here);
      one.priority = 1;
      CSS.highlights.set("log-hit", one);
    },
  },
};

// A range must not be wrapped by Vue: the browser asks for the very object.
function unwrapped(range) {
  Object.defineProperty(range, "__v_skip", { value: true });
  return range;
}
