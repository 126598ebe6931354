// OBJ, PLY and lists of points (XYZ, CSV) as positions, faces and colours. No more than a screen
// can turn is taken: MOST numbers.
const MOST = 6_000_000;
const SIZES = { char: 1, uchar: 1, int8: 1, uint8: 1, short: 2, ushort: 2, int16: 2, uint16: 2,
  int: 4, uint: 4, int32: 4, uint32: 4, float: 4, float32: 4, double: 8, float64: 8 };
const GETS = { char: "getInt8", int8: "getInt8", uchar: "getUint8", uint8: "getUint8", short: "getInt16",
  int16: "getInt16", ushort: "getUint16", uint16: "getUint16", int: "getInt32", int32: "getInt32",
  uint: "getUint32", uint32: "getUint32", float: "getFloat32", float32: "getFloat32",
  double: "getFloat64", float64: "getFloat64" };

export function read(data, ending, points) {
  const found =
    ending === "ply" ? ply(data) : ending === "obj" ? obj(text(data)) : listed(text(data));
  if (!found.positions.length || found.positions.length > MOST) throw new Error("nothing to show");
  if (found.positions.some((n) => !Number.isFinite(n))) throw new Error("no numbers");
  const count = found.positions.length / 3;
  if (found.faces.some((n) => n < 0 || n >= count)) throw new Error("a face of no points");
  return {
    positions: new Float32Array(found.positions),
    faces: new Uint32Array(points ? [] : found.faces),
    colours: found.colours?.length === found.positions.length ? new Float32Array(found.colours) : null,
  };
}

const text = (data) => new TextDecoder().decode(data);

function fan(faces, corners) {
  for (let n = 2; n < corners.length; n++) faces.push(corners[0], corners[n - 1], corners[n]);
}

function obj(source) {
  const positions = [], faces = [], colours = [];
  for (const line of source.split("\n")) {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === "v") {
      positions.push(+rest[0], +rest[1], +rest[2]);
      if (rest.length >= 6) colours.push(+rest[3], +rest[4], +rest[5]);
    } else if (word === "f") {
      const count = positions.length / 3;
      fan(faces, rest.map((one) => { const n = parseInt(one); return n < 0 ? count + n : n - 1; }));
    }
  }
  return { positions, faces, colours };
}

function listed(source) {
  const positions = [], colours = [];
  for (const line of source.split("\n")) {
    const cells = line.trim().split(/[\s,;]+/).map(Number);
    if (cells.length < 3 || cells.slice(0, 3).some(Number.isNaN)) continue; // a heading, a comment
    positions.push(cells[0], cells[1], cells[2]);
    if (cells.length >= 6) {
      const most = Math.max(cells[3], cells[4], cells[5]);
      const whole = most > 1 ? 255 : 1;
      colours.push(cells[3] / whole, cells[4] / whole, cells[5] / whole);
    }
  }
  return { positions, faces: [], colours };
}

function ply(data) {
  const bytes = new Uint8Array(data);
  const opening = text(bytes.subarray(0, 20_000));
  const end = opening.indexOf("end_header");
  if (!opening.startsWith("ply") || end < 0) throw new Error("no PLY");
  const elements = [];
  let format = "ascii";
  for (const line of opening.slice(0, end).split("\n")) {
    const words = line.trim().split(/\s+/);
    if (words[0] === "format") format = words[1];
    if (words[0] === "element") elements.push({ name: words[1], count: +words[2], properties: [] });
    if (words[0] === "property") {
      elements.at(-1).properties.push(words[1] === "list"
        ? { name: words[4], of: words[3], counted: words[2] } : { name: words[2], of: words[1] });
    }
  }
  const start = opening.indexOf("\n", end) + 1;
  const next = format === "ascii" ? plain(text(bytes.subarray(start))) : packed(data, start, format);
  const positions = [], faces = [], colours = [];
  for (const { name, count, properties } of elements) {
    for (let row = 0; row < count; row++) {
      const values = {};
      for (const one of properties) {
        values[one.name] = one.counted
          ? Array.from({ length: next(one.counted) }, () => next(one.of)) : next(one.of);
      }
      if (name === "vertex") {
        positions.push(values.x, values.y, values.z);
        if ("red" in values) {
          const whole = SIZES[properties.find((one) => one.name === "red").of] === 1 ? 255 : 1;
          colours.push(values.red / whole, values.green / whole, values.blue / whole);
        }
      } else if (name === "face") fan(faces, values.vertex_indices ?? values.vertex_index ?? []);
      if (positions.length > MOST) throw new Error("too large");
    }
  }
  return { positions, faces, colours };
}

function plain(source) {
  const words = source.split(/\s+/).filter(Boolean);
  let at = 0;
  return () => Number(words[at++]);
}

function packed(data, start, format) {
  const view = new DataView(data);
  const little = format === "binary_little_endian";
  let at = start;
  return (of) => {
    const value = view[GETS[of]](at, little);
    at += SIZES[of];
    return value;
  };
}
