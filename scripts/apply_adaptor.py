"""Applies an adaptor that `sharpformer edits export --adaptor` wrote. Needs NumPy alone; docs/adaptor-file.md explains each step.

    python3 apply_adaptor.py FILE.safetensors      compares it with what --reference put into the file
"""
import json
import math
import sys
import numpy as np

TYPES = {"F32": "<f4", "I64": "<i8", "I32": "<i4", "U8": "u1"}
ACTIVATIONS = {
    "gelu_tanh": lambda m: m / (1 + np.exp(np.clip(-2 * math.sqrt(2 / math.pi) * (m + 0.044715 * m**3), -80, 80))),
    "gelu": lambda m: m * 0.5 * (1 + np.vectorize(math.erf)(m / math.sqrt(2))),
    "relu": lambda m: np.maximum(m, 0),
    "silu": lambda m: m / (1 + np.exp(np.clip(-m, -80, 80))),
    "quick_gelu": lambda m: m / (1 + np.exp(np.clip(-1.702 * m, -80, 80)))}

def load(path):
    data = open(path, "rb").read()
    begin = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:begin])
    return header.pop("__metadata__"), {
        name: np.frombuffer(data[begin + t["data_offsets"][0]:begin + t["data_offsets"][1]], TYPES[t["dtype"]]).reshape(t["shape"])
        for name, t in header.items()}

def lists(t, name):
    return [tuple(t[name + ".tokens"][a:b].tolist()) for a, b in zip(t[name + ".starts"], t[name + ".starts"][1:])]

class Adaptor:
    def __init__(self, about, t):
        self.t, self.activation, texts = t, ACTIVATIONS[about["activation"]], lists(t, "prompt")
        prompts, silent, turns = [texts[p] for p in t["prompts"]], t["withdrawn"] > 0, t["takes_turns"] > 0
        self.earlier = [tuple(t["tokens"][j - t["places"][j] : j].tolist()) if turns[j] else () for j in range(len(prompts))]
        claimed = {prompt for j, prompt in enumerate(prompts) if not silent[j]}
        self.may = np.array([not (silent[j] and prompt in claimed) for j, prompt in enumerate(prompts)])
        self.own = np.where(turns & self.may, t["prompts"], -1)
        self.turns = {prompts[j] + self.earlier[j]: (t["prompts"][j], t["places"][j]) for j in np.flatnonzero(turns & self.may)}

    def competes(self, text):
        may = self.may & np.array([text[len(text) - len(earlier):] == earlier for earlier in self.earlier])
        for begin in range(len(text)):  # the longest ending that is a prompt with none or some of its target
            prompt, place = self.turns.get(text[begin:], (None, 0))
            if prompt is not None:
                return may & np.where(self.own == prompt, self.t["places"] == place, place == 0)
        return may

    def __call__(self, x, text):
        """What is added to the block's output where the MLP reads x [C] at the last token of text, and which neuron wins."""
        x = (x - x.mean(dtype=np.float64)) / math.sqrt(x.var(dtype=np.float64, ddof=1) + 1e-8)
        s = np.where(self.competes(tuple(text)), self.activation(self.t["keys"] @ x - self.t["thresholds"]), -np.inf)
        j = int(s.argmax())
        return (0 * x if self.t["withdrawn"][j] else self.t["alphas"][j] * s[j] * self.t["values"][j]), j

if __name__ == "__main__":
    about, t = load(sys.argv[1])
    adaptor, rows = Adaptor(about, t), list(zip(t["reference.inputs"], lists(t, "reference.text"), t["reference.outputs"]))
    worst = max(np.abs(adaptor(x, text)[0] - y).max() / (1 + np.abs(y).max()) for x, text, y in rows)
    print(f"{len(rows)} rows, largest relative difference {worst:.1e}")
    sys.exit(0 if worst < 1e-4 else 1)
