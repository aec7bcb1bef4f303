"""The vision transformer of our own: transformers loads it like any other, and its attention can be looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def vit():
    from models.loading import import_libraries

    import_libraries()
    from models.cifar_vit import CifarViTConfig, CifarViTForImageClassification

    sizes = {"image_size": 32, "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2}
    torch.manual_seed(0)
    config = CifarViTConfig(stem_widths=(4, 8, 8), intermediate_size=24, num_labels=3, **sizes)
    return CifarViTForImageClassification(config).eval()


def test_auto_classes_load_what_was_saved(vit, tmp_path: Path) -> None:
    from transformers import AutoModelForImageClassification

    vit.save_pretrained(tmp_path)
    again = AutoModelForImageClassification.from_pretrained(tmp_path).eval()
    pixels = torch.randn(2, 3, 32, 32)
    with torch.inference_mode():
        assert torch.equal(again(pixel_values=pixels).logits, vit(pixel_values=pixels).logits)


def test_the_map_of_where_it_looked_has_a_cell_for_each_patch(vit) -> None:
    from models.heat import explain
    from models.progress import finished

    assert finished(explain(vit, torch.randn(1, 3, 32, 32))).map.shape == (8, 8)


def test_what_a_patch_says_hangs_on_its_neighbourhood_only(vit) -> None:
    patches = vit.vit.embeddings.patch_embeddings
    pixels = torch.randn(1, 3, 32, 32)
    changed = pixels.clone()
    changed[..., :4, :4] += 1
    with torch.inference_mode():
        moved = (patches(changed) - patches(pixels)).abs().sum(-1).reshape(8, 8) > 0
    assert moved[0, 0]
    assert not moved[:, 3:].any()
    assert not moved[3:].any()
