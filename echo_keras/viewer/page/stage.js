// The frame on its canvas, with the outline of the ventricle over it.

const OUTLINE = "#ffb454";

export function draw(canvas, image, outlines) {
  const ratio = window.devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * ratio);
  const height = Math.round(canvas.clientHeight * ratio);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext("2d");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, width, height);
  if (!image) return;
  const scale = Math.min(width / image.naturalWidth, height / image.naturalHeight);
  const left = (width - scale * image.naturalWidth) / 2;
  const top = (height - scale * image.naturalHeight) / 2;
  context.setTransform(scale, 0, 0, scale, left, top);
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0);
  if (outlines) drawOutlines(context, outlines, 2.2 * ratio / scale);
}

function drawOutlines(context, outlines, thickness) {
  const path = new Path2D();
  for (const points of outlines) {
    path.moveTo(points[0], points[1]);
    for (let i = 2; i < points.length; i += 2) path.lineTo(points[i], points[i + 1]);
    path.closePath();
  }
  context.fillStyle = OUTLINE + "1f";
  context.fill(path, "evenodd");
  context.lineJoin = "round";
  // A dark rim keeps the line apart from bright tissue.
  context.strokeStyle = "#000000a0";
  context.lineWidth = 2 * thickness;
  context.stroke(path);
  context.strokeStyle = OUTLINE;
  context.lineWidth = thickness;
  context.stroke(path);
}
