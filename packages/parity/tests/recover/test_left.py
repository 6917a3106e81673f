"""What an update leaves as it is, is recorded as it is: else the engine takes what is declared for what is there."""

from parity.inventory.model import live_object
from parity.recover import state_edit
from parity.resources import kinds

LEAVE = state_edit._leave


def test_a_property_that_is_left_is_recorded_as_it_is_there():
    found = live_object(kinds.PROJECT, "prj_1", "", {"name": "shop", "autoAssignCustomDomains": True})
    inputs = {"name": "shop", "autoAssignCustomDomains": False, "ignoreCommand": "exit 1"}
    LEAVE(inputs, ["autoAssignCustomDomains", "ignoreCommand"], found)
    assert inputs == {"name": "shop", "autoAssignCustomDomains": True}, "what is not set there is not recorded"


def test_what_no_api_shows_stays_as_it_is_declared():
    found = live_object(kinds.DEPLOYMENT, "dpl_1", "", {"ref": "main", "environment": ["A"], "meta": {"release": "r1"}})
    inputs = {"ref": "1f" * 20, "environment": {"A": "1"}}
    LEAVE(inputs, ["ref", "environment"], found)
    assert inputs == {"ref": "main", "environment": {"A": "1"}}
