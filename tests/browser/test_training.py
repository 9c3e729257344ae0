"""The Training tab as a person uses it: drag to the last epoch, pick a frame, play the film."""

import pytest
from playwright.sync_api import expect


@pytest.fixture
def training(open_page):
    page = open_page()
    page.get_by_role("tab", name="Training").click()
    expect(page.locator("#training-picture h2")).to_contain_text("After epoch 3 of 3")
    expect(page.locator("#training-stage .tr-step")).to_have_value("2")
    page.wait_for_timeout(500)  # what has arrived is being put on the page
    return page


def test_the_slider_and_the_frames_show_their_epoch(training):
    slider = training.locator("#training-stage .tr-step")
    slider.focus()
    slider.press("Home")
    heading = training.locator("#training-picture h2")
    expect(heading).to_contain_text("Before training")
    slider.press("End")
    expect(heading).to_contain_text("After epoch 3 of 3")
    training.locator("#training-film button").nth(1).click()
    expect(heading).to_contain_text("After epoch 1 of 3")
    expect(slider).to_have_value("1")


def test_the_film_plays_to_its_end(training):
    training.locator("#training-stage .tr-play").click()
    expect(training.locator("#training-picture h2")).to_contain_text("Before training")
    expect(training.locator("#training-picture h2")).to_contain_text("After epoch 3 of 3")
    expect(training.locator("#training-stage .tr-play")).to_have_text("Play")


def test_another_network_brings_its_own_gates(training):
    training.get_by_label("Network", exact=True).last.click()
    training.get_by_role("option", name="Tiny noise-attention").click()
    expect(training.locator("#training-curves")).to_contain_text("noise 3")
