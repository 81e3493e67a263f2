"""What one would write without a model server: a mask as a JSON list, by FastAPI.

Run as `PYTHON benchmarks/plainapp.py VERSION PORT` by a Python with tensorflow, fastapi
and uvicorn, VERSION being an exported version.
"""

import sys

import fastapi
import tensorflow as tf
import uvicorn

app = fastapi.FastAPI()
segment = tf.saved_model.load(sys.argv[1]).signatures["image_bytes"]


@app.post("/mask")
def mask(image: bytes = fastapi.Body(media_type="image/png")):
    """Outline a PNG."""
    answer = segment(image_bytes=tf.constant([image]))
    pixels = tf.io.decode_png(answer["mask_png_bytes"][0])
    return {"mask": pixels[..., 0].numpy().tolist()}


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[2]), log_level="error")
