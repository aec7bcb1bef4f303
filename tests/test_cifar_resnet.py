"""The ResNet of our own: transformers loads it like any other, and its recipe's first layer and optimiser do what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def resnet():
    from models.loading import import_libraries

    import_libraries()
    from models.cifar_resnet import CifarResNetConfig, CifarResNetForImageClassification

    torch.manual_seed(0)
    return CifarResNetForImageClassification(CifarResNetConfig(widths=(8, 8, 16), num_labels=3)).eval()


def test_auto_classes_load_what_was_saved(resnet, tmp_path: Path) -> None:
    from transformers import AutoModelForImageClassification

    resnet.save_pretrained(tmp_path)
    again = AutoModelForImageClassification.from_pretrained(tmp_path).eval()
    pixels = torch.randn(2, 3, 32, 32)
    with torch.inference_mode():
        assert torch.equal(again(pixel_values=pixels).logits, resnet(pixel_values=pixels).logits)


def test_the_answer_does_not_depend_on_what_shares_the_batch(resnet) -> None:
    pixels = torch.randn(5, 3, 32, 32)
    with torch.inference_mode():
        together, alone = resnet(pixel_values=pixels).logits, resnet(pixel_values=pixels[2:3]).logits
    assert torch.allclose(together[2], alone[0], atol=1e-5)


def test_whitened_patches_have_variance_one_and_no_correlation(resnet) -> None:
    from models.recipes.resnet_cifar10 import whitening

    pixels = torch.randn(64, 3, 16, 16)
    pixels = pixels + 3 * pixels.mean(dim=1, keepdim=True) + torch.randn(64, 1, 1, 1)  # strongly correlated colours
    answers = torch.nn.functional.conv2d(pixels, whitening(pixels))[:, :12]
    covariance = torch.cov(answers.transpose(0, 1).flatten(1))
    assert torch.allclose(covariance, torch.eye(12), atol=0.05)


def test_muon_moves_the_kernels_of_the_model_itself_and_keeps_their_length(resnet) -> None:
    from models.recipes.resnet_cifar10 import KernelMuon

    layer = torch.nn.Conv2d(6, 4, 3, bias=False).to(memory_format=torch.channels_last)
    optimiser = KernelMuon([layer.weight], rate=0.1)
    before = layer.weight.detach().clone()
    for _ in range(3):
        layer(torch.randn(2, 6, 5, 5)).square().sum().backward()
        optimiser.step()
    assert not torch.allclose(layer.weight, before, atol=1e-3)
    assert float(layer.weight.detach().norm()) == pytest.approx(
        2.0, rel=0.15
    )  # the root of four kernels, before the last step
