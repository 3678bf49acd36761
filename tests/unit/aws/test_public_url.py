import pytest

from chalicelib.aws.settings import SettingsBroken, load_settings
from tests.unit.aws.test_settings import WHOLE


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://x.org/?a=b", "https://x.org/#a", "x.org", "https://a@b"]
)
def test_public_url__that_is_no_plain_address__is_refused(url):
    """Links lead where the operator says: a wrong word must not be found out by a person."""
    with pytest.raises(SettingsBroken, match="PUBLIC_URL"):
        load_settings(WHOLE | {"PUBLIC_URL": url})


@pytest.mark.parametrize("url", ["", "https://my.example.com", "https://my.example.com/api", "http://127.0.0.1:4570"])
def test_public_url__plain__is_taken(url):
    """An address with or without a path, or none."""
    assert load_settings(WHOLE | {"PUBLIC_URL": url}).public_url == url
