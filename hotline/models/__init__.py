"""The hotline's models by aggregate."""

from hotline.models.category import Category
from hotline.models.contact import Contact
from hotline.models.conversation import Note, NoteKind, Reply, Supplement
from hotline.models.evaluation import CallbackAttempt, Evaluation, EvaluationChannel
from hotline.models.handling_order import HandlingOrder
from hotline.models.ticket import Matter, Ticket

__all__ = [
    "CallbackAttempt",
    "Category",
    "Contact",
    "Evaluation",
    "EvaluationChannel",
    "HandlingOrder",
    "Matter",
    "Note",
    "NoteKind",
    "Reply",
    "Supplement",
    "Ticket",
]
