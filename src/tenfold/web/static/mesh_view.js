// A mesh or points in space, read from its address and looked at from where all of it is seen.
import { GLTFLoader, OrbitControls, STLLoader, THREE } from "nicegui-scene";
import { read } from "/static/mesh_read.js";

export default {
  template: `
    <div class="mesh-view">
      <div class="mesh-box" ref="box" tabindex="0" role="img" :aria-label="label" @keydown="turn"></div>
      <p class="dim" role="status">{{ said }}</p>
    </div>`,
  props: { url: String, ending: String, points: Boolean, label: String, words: Object },
  data: () => ({ said: "" }),
  async mounted() {
    this.said = this.words.reading;
    const own = {};
    this.own = () => own; // behind a function, so that Vue does not wrap what three.js compares
    try {
      own.renderer = new THREE.WebGLRenderer({ antialias: true, alpha: true });
    } catch {
      this.$refs.box.classList.add("without");
      this.said = this.words.without;
      return;
    }
    try {
      own.thing = await this.read();
      this.show(own);
    } catch (error) {
      own.renderer.dispose();
      this.$refs.box.classList.add("without");
      this.said = this.words.broken;
    }
  },
  beforeUnmount() {
    const own = this.own?.() ?? {};
    own.resizes?.disconnect();
    own.controls?.dispose();
    own.renderer?.dispose();
  },
  methods: {
    async read() {
      const answer = await fetch(this.url);
      if (!answer.ok) throw new Error(answer.status);
      const data = await answer.arrayBuffer();
      if (this.ending === "glb") return (await new GLTFLoader().parseAsync(data, "")).scene;
      if (this.ending === "stl") {
        const shape = new STLLoader().parse(data);
        if (!shape.attributes.position?.count) throw new Error("no triangles");
        return this.solid(shape);
      }
      const found = read(data, this.ending, this.points);
      const shape = new THREE.BufferGeometry();
      shape.setAttribute("position", new THREE.BufferAttribute(found.positions, 3));
      if (found.colours) shape.setAttribute("color", new THREE.BufferAttribute(found.colours, 3));
      if (found.faces.length) {
        shape.setIndex(new THREE.BufferAttribute(found.faces, 1));
        return this.solid(shape.toNonIndexed());
      }
      const look = { size: 2.5, sizeAttenuation: false, vertexColors: Boolean(found.colours) };
      if (!found.colours) look.color = this.colour();
      return new THREE.Points(shape, new THREE.PointsMaterial(look));
    },
    solid(shape) {
      shape.computeVertexNormals();
      const vertexColors = Boolean(shape.attributes.color);
      const look = { vertexColors, side: THREE.DoubleSide, flatShading: true };
      if (!vertexColors) look.color = this.colour();
      return new THREE.Mesh(shape, new THREE.MeshPhongMaterial(look));
    },
    colour() {
      return new THREE.Color(getComputedStyle(document.body).getPropertyValue("--mesh").trim());
    },
    show(own) {
      const bounds = new THREE.Box3().setFromObject(own.thing);
      const size = bounds.getSize(new THREE.Vector3());
      const middle = bounds.getCenter(new THREE.Vector3());
      const far = size.length() || 1;
      if (!Number.isFinite(far)) throw new Error("no bounds");
      const camera = new THREE.PerspectiveCamera(40, 1, far / 1000, far * 20);
      camera.up.set(0, 0, 1);
      camera.position.copy(middle).add(new THREE.Vector3(0.8, -1.1, 0.7).normalize().multiplyScalar(far * 1.55));
      const scene = new THREE.Scene();
      const light = new THREE.DirectionalLight(0xffffff, 2.2);
      scene.add(own.thing, new THREE.HemisphereLight(0xffffff, 0x777777, 1.6), light);
      own.controls = new OrbitControls(camera, own.renderer.domElement);
      own.controls.target.copy(middle);
      own.draw = () => {
        light.position.copy(camera.position);
        own.renderer.render(scene, camera);
      };
      own.controls.addEventListener("change", own.draw); // drawn when turned, never else
      own.camera = camera;
      this.$refs.box.append(own.renderer.domElement);
      own.renderer.domElement.setAttribute("aria-hidden", "true");
      own.resizes = new ResizeObserver(() => {
        const { clientWidth: wide, clientHeight: high } = this.$refs.box;
        if (!wide) return;
        camera.aspect = wide / high;
        camera.updateProjectionMatrix();
        own.renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
        own.renderer.setSize(wide, high, false);
        own.draw();
      });
      own.resizes.observe(this.$refs.box);
      own.controls.update();
      const short = (n) => String(Number(n.toPrecision(3)));
      this.said = `${this.words.bounds} ${[size.x, size.y, size.z].map(short).join(" × ")}`;
    },
    turn(event) {
      const by = { ArrowLeft: [-0.15, 0], ArrowRight: [0.15, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] }[event.key];
      const own = this.own?.();
      if (!by || !own?.camera) return;
      event.preventDefault();
      const from = own.camera.position.clone().sub(own.controls.target);
      from.applyAxisAngle(new THREE.Vector3(0, 0, 1), by[0]);
      const side = new THREE.Vector3().crossVectors(from, own.camera.up).normalize();
      const turned = from.clone().applyAxisAngle(side, by[1]);
      if (turned.angleTo(own.camera.up) > 0.1 && turned.angleTo(own.camera.up) < 3.04) from.copy(turned);
      own.camera.position.copy(own.controls.target).add(from);
      own.controls.update();
      own.draw();
    },
  },
};
