"""Loans, at most one open per tool

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

loan_status = postgresql.ENUM("open", "returned", name="loan_status", create_type=False)


def upgrade() -> None:
    loan_status.create(op.get_bind())
    op.create_table(
        "loans",
        sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
        sa.Column(
            "tool_id", sa.Integer, sa.ForeignKey("tools.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("member_id", sa.Integer, sa.ForeignKey("members.id"), nullable=False),
        sa.Column("status", loan_status, nullable=False, server_default="open"),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column(
            "borrowed_at",
            sa.TIMESTAMP(timezone=True),
            nullable=False,
            server_default=sa.text("now()"),
        ),
        sa.Column("closed_at", sa.TIMESTAMP(timezone=True)),
    )
    op.create_index(
        "loans_one_open_per_tool",
        "loans",
        ["tool_id"],
        unique=True,
        postgresql_where=sa.text("status = 'open'"),
    )


def downgrade() -> None:
    op.drop_table("loans")
    loan_status.drop(op.get_bind())
