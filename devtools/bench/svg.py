# SPDX-License-Identifier: BSD-3-Clause
"""Small line plots with error bars, as SVG text; nothing but this file is needed."""
import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 176, 40, 48
COLOURS = ('#0b6', '#e41', '#16c', '#a0a', '#c80', '#555', '#099', '#830')


def ticks(low, high):
    """Powers of ten around the values, with their halves and fifths where there are few."""
    a, b = math.floor(math.log10(low)), math.ceil(math.log10(high))
    if a == b:
        b += 1
    steps = (1,) if b - a > 3 else (1, 2, 5)
    values = [s * 10.0 ** e for e in range(a, b + 1) for s in steps]
    inside = [v for v in values if low <= v <= high]
    below = [v for v in values if v < low][-1:]
    above = [v for v in values if v > high][:1]
    return (below or inside[:1]) + [v for v in inside if v not in below] + above


def number(value):
    return f'{value:g}' if value < 1e4 else f'{value / 1000:g}k'


def plot(title, x_label, y_label, series):
    """
    series: {name: [(x, median, low, high), ...]}. Both axes are logarithmic. Points that failed
    are simply not in the list; a series without points is named in the legend as failed.
    """
    xs = sorted({p[0] for points in series.values() for p in points})
    values = [v for points in series.values() for p in points for v in p[1:] if v > 0]
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
           'font-family="sans-serif" font-size="12">',
           '<!-- SPDX-License-Identifier: BSD-3-Clause -->',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
           f'<text x="{LEFT}" y="22" font-size="14">{escape(title)}</text>']
    if not values:
        out += [f'<text x="{LEFT}" y="{HEIGHT // 2}">every run failed</text>', '</svg>']
        return '\n'.join(out) + '\n'
    marks = ticks(min(values), max(values))
    low, high = math.log10(marks[0]), math.log10(marks[-1])
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM

    def at_x(x):
        if len(xs) == 1:
            return (LEFT + right) / 2
        return LEFT + (right - LEFT) * math.log(x / xs[0]) / math.log(xs[-1] / xs[0])

    def at_y(y):
        return bottom - (bottom - TOP) * (math.log10(y) - low) / (high - low)

    for m in marks:
        y = at_y(m)
        out += [f'<line x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#ddd"/>',
                f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{number(m)}</text>']
    for x in xs:
        out += [f'<line x1="{at_x(x):.1f}" y1="{bottom}" x2="{at_x(x):.1f}" y2="{bottom + 4}" '
                'stroke="#333"/>',
                f'<text x="{at_x(x):.1f}" y="{bottom + 18}" text-anchor="middle">{x}</text>']
    out += [f'<path d="M{LEFT} {TOP}V{bottom}H{right}" fill="none" stroke="#333"/>',
            f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 10}" text-anchor="middle">'
            f'{escape(x_label)}</text>',
            f'<text x="16" y="{(TOP + bottom) / 2}" text-anchor="middle" transform="rotate(-90 16 '
            f'{(TOP + bottom) / 2})">{escape(y_label)}</text>']
    for n, (name, points) in enumerate(series.items()):
        colour = COLOURS[n % len(COLOURS)]
        points = sorted(p for p in points if p[1] > 0)
        line = ' '.join(f'{at_x(p[0]):.1f},{at_y(p[1]):.1f}' for p in points)
        out.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for x, median, least, most in points:
            out += [f'<line x1="{at_x(x):.1f}" y1="{at_y(max(least, marks[0])):.1f}" '
                    f'x2="{at_x(x):.1f}" y2="{at_y(most):.1f}" stroke="{colour}"/>',
                    f'<circle cx="{at_x(x):.1f}" cy="{at_y(median):.1f}" r="3" fill="{colour}"/>']
        y = TOP + 8 + 18 * n
        text = name if points else f'{name}: failed'
        out += [f'<line x1="{right + 12}" y1="{y}" x2="{right + 32}" y2="{y}" stroke="{colour}" '
                'stroke-width="2"/>',
                f'<text x="{right + 38}" y="{y + 4}" font-size="11">{escape(text)}</text>']
    out.append('</svg>')
    return '\n'.join(out) + '\n'
