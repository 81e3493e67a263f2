import re

from echo_keras.serving import metrics


def test_requests_are_counted_by_model_and_status():
    counts = metrics.Metrics()
    counts.predicted("lv", "predict", 200, 0.001)
    counts.predicted("lv", "predict", 400, 0.002)
    counts.predicted("lv", "predict", 500, 0.002)
    counts.answered(400)
    text = counts.text(waiting=3, connections=4, bodies=5)
    name = ":tensorflow:serving:request_count"
    assert f'{name}{{model_name="lv",status="OK"}} 1\n' in text
    assert f'{name}{{model_name="lv",status="INVALID_ARGUMENT"}} 1\n' in text
    assert f'{name}{{model_name="lv",status="INTERNAL"}} 1\n' in text
    assert ':echo_keras:serving:http_answer_count{code="400"} 1\n' in text
    assert ":echo_keras:serving:waiting_requests{} 3\n" in text
    assert ":echo_keras:serving:open_connections{} 4\n" in text
    assert ":echo_keras:serving:held_body_bytes{} 5\n" in text


def test_latencies_fall_into_buckets_that_add_up():
    counts = metrics.Metrics()
    for micros in (5, 10, 11, 1e12):
        counts.predicted("lv", "predict", 200, micros / 1e6)
    text = counts.text(waiting=0, connections=0, bodies=0)
    labels = 'model_name="lv",API="Predict",entrypoint="REST"'
    name = ":tensorflow:serving:request_latency"
    found = re.findall(rf'{name}_bucket{{{labels},le="(.*?)"}} (\d+)', text)
    assert found[:3] == [("10", "2"), ("18", "3"), ("32.4", "3")]
    assert found[-1] == ("+Inf", "4")
    assert len(found) == 34
    assert f"{name}_count{{{labels}}} 4\n" in text
    assert f"{name}_sum{{{labels}}} 1000000000026\n" in text


def test_names_of_models_cannot_break_out_of_their_quotes():
    counts = metrics.Metrics()
    counts.predicted('a"\\\n', "predict", 200, 0.001)
    text = counts.text(waiting=0, connections=0, bodies=0)
    assert r'model_name="a\"\\\n",status="OK"} 1' in text
